import { fn, HutchError } from '@hutch/client/functions'

/** Keeps the shelf tidy: names without stray spaces, prices in whole cents, nothing given away. */
export default fn<'before'>(({ after }) => {
  const name = String(after.name ?? '').replace(/\s+/g, ' ').trim()
  if (name === '') throw new HutchError('invalid_argument', 'a pet needs a name', { field: 'name' })
  const price = Math.round(after.price * 100) / 100
  if (!(price > 0)) throw new HutchError('invalid_argument', 'no pet is free: the price is above 0', { field: 'price' })
  return { ...after, name, price }
})
