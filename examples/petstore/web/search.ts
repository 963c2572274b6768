import type { Page } from './main.ts'
import { card, type Shown } from './card.ts'
import { h, replace } from './dom.ts'
import { hutch, words } from './store.ts'

interface Found { docs: Shown[]; page: number; pages: number; total: number }

/** Search is a server function behind the gateway. */
export const searchPage: Page = (main, params) => {
  const q = params.get('q') ?? ''
  const page = Number(params.get('page') ?? 1)
  const note = h('p', { class: 'note', role: 'status' }, 'Searching…')
  const grid = h('section', { class: 'grid', 'aria-label': 'Results' })
  const pager = h('nav', { class: 'pager', 'aria-label': 'Result pages' })
  main.append(h('h1', { class: 'title' }, q ? `“${q}”` : 'All pets'), note, grid, pager)
  const link = (n: number, label: string) => h('a', { href: `#/search?q=${encodeURIComponent(q)}&page=${n}` }, label)
  let over = false
  const run = async () => {
    const res = await hutch.fetch(`/api/search?q=${encodeURIComponent(q)}&page=${page}`)
    if (!res.ok) throw new Error('search failed')
    const found = await res.json() as Found
    if (over) return
    note.textContent = found.total === 1 ? '1 pet' : `${found.total} pets`
    replace(grid, ...found.docs.map(card))
    replace(pager, found.page > 1 && link(found.page - 1, '← Back'), found.pages > 1 && h('span', null, `${found.page} of ${found.pages}`), found.page < found.pages && link(found.page + 1, 'More →'))
  }
  run().catch(e => {
    note.textContent = words(e)
  })
  return () => {
    over = true
  }
}
