import { fn, HutchError } from '@hutch/client/functions'

/** Takes stock and writes the order in one commit, or does neither. */
export default fn<'call'>(async ({ data, auth }, ctx) => {
  const db = ctx.admin.db
  const { productId, quantity } = data as { productId: string; quantity: number }
  const product = await db.get('products', productId, { track: false })
  if (!product) throw new HutchError('not_found', 'no such product', { field: 'productId' })
  db.update('products', productId, { $inc: { stock: -quantity } }, {
    if: { stock: { $gte: quantity } }, // judged at the commit, so nobody buys what is gone
    else: { code: 'failed_precondition', message: `${product.name} is sold out`, details: { product: productId } },
  })
  const total = Math.round(quantity * product.price * 100) / 100
  const order = db.create('orders', { user: auth?.uid, product: productId, quantity, total })
  return { order: order._id, total }
})
