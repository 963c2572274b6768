import type { Page } from './main.ts'
import { card, updateCard } from './card.ts'
import { h, keyed, replace } from './dom.ts'
import { products, species, words, type Product, type Species } from './store.ts'

const sorts: Record<string, ['_id' | 'price' | '-price' | 'name' | '-_createdAt', string]> = {
  featured: ['_id', 'Featured'], name: ['name', 'Name'], cheap: ['price', 'Price, low first'], dear: ['-price', 'Price, high first'], new: ['-_createdAt', 'Newest'],
}
const shelf = 24

/** The shelf: a live query straight on the database. */
export const browsePage: Page = (main, params) => {
  let kind = (params.get('species') ?? '') as Species | ''
  let sort = params.get('sort') ?? ''
  if (!Object.hasOwn(sorts, sort)) sort = 'featured'
  let size = shelf
  let stop = () => {}

  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': 'Species' })
  const order = h('select', { 'aria-label': 'Order' }, ...Object.entries(sorts).map(([k, [, label]]) => h('option', { value: k, selected: k === sort }, label))) as HTMLSelectElement
  const inStock = h('input', { type: 'checkbox' }) as HTMLInputElement
  const note = h('p', { class: 'note', role: 'status' })
  const more = h('button', { type: 'button', class: 'quiet more', hidden: true }, 'Show more')
  let grid = h('section', { class: 'grid', 'aria-label': 'Pets' })
  main.append(
    h('section', { class: 'hero' }, h('h1', null, 'Find your new best friend'), h('p', null, 'What you see is what is there: the shelf is live.')),
    h('div', { class: 'bar' }, chips, h('label', { class: 'check' }, inStock, 'In stock'), order),
    note, grid, more)

  function drawChips(): void {
    replace(chips, ...([['', 'All'], ...Object.entries(species)] as [Species | '', string][]).map(([k, label]) =>
      h('button', { type: 'button', class: 'chip', 'aria-pressed': String(k === kind), onclick: () => choose(k) }, label)))
  }

  function choose(k: Species | ''): void {
    kind = k
    size = shelf
    drawChips()
    open()
  }

  function open(): void {
    stop()
    const fresh = h('section', { class: 'grid', 'aria-label': 'Pets' })
    grid.replaceWith(fresh)
    grid = fresh
    const draw = keyed<Product>(grid, card, updateCard)
    const where = { ...(kind && { species: kind }), ...(inStock.checked && { stock: { $gt: 0 } }) }
    const query = products.where(where).orderBy((sorts[sort] ?? sorts.featured)![0]).limit(size)
    stop = query.live().subscribe(r => {
      draw(r.data)
      more.hidden = !r.hasMore
      main.dataset.live = r.status
      note.textContent = r.status === 'error' ? words(r.error)
        : r.status === 'loading' ? 'Opening the shop…'
        : r.status === 'stale' ? 'Reconnecting…'
        : r.data.length === 0 ? 'Nobody here just now.' : ''
    })
  }

  order.addEventListener('change', () => {
    sort = order.value
    open()
  })
  inStock.addEventListener('change', open)
  more.addEventListener('click', () => {
    size += shelf
    open()
  })
  drawChips()
  open()
  return () => stop()
}
