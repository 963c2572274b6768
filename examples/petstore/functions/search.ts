import { fn } from '@hutch/client/functions'

const pageSize = 12

/** Products whose name or description has the words, those with them in the name first. */
export default fn<'http'>(async ({ request }, ctx) => {
  const q = Array.from(String(request.query.q ?? '').replaceAll('\0', '')).slice(0, 60).join('').trim() // whole characters
  const page = Math.min(Math.max(1, request.query.page ?? 1), 50)
  const words = q.split(/\s+/).filter(Boolean).map(w => '(?i)' + w.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const where = words.length === 0 ? {} : { $and: words.map($regex => ({ $or: [{ name: { $regex } }, { description: { $regex } }] })) }
  const { docs } = await ctx.db.find('products', { where, orderBy: ['name'], limit: 600 })
  const named = (d: { name: string }) => q !== '' && d.name.toLowerCase().includes(q.toLowerCase())
  const ranked = [...docs.filter(d => named(d as never)), ...docs.filter(d => !named(d as never))]
  return {
    docs: ranked.slice((page - 1) * pageSize, page * pageSize),
    page,
    pages: Math.max(1, Math.ceil(ranked.length / pageSize)),
    total: ranked.length,
  }
})
