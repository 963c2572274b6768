import type { Page } from './main.ts'
import { accountDialog } from './account.ts'
import { portrait } from './art.ts'
import { h, keyed, money } from './dom.ts'
import { hutch, orders, products, words, type Order } from './store.ts'

/** One's own orders, live; the rules show nobody another's. */
export const ordersPage: Page = main => {
  const list = h('ul', { class: 'lines' })
  const note = h('p', { class: 'note', role: 'status' })
  main.append(h('h1', { class: 'title' }, 'Your orders'), note, list)
  if (!hutch.auth.user) {
    note.append('Sign in to see what you bought.')
    main.append(h('button', { type: 'button', onclick: () => accountDialog() }, 'Sign in'))
    return () => {}
  }
  const draw = keyed<Order>(list, row, () => {})
  return orders.where({ user: hutch.auth.user.uid }).orderBy('-_createdAt').limit(100).live().subscribe(r => {
    draw(r.data)
    main.dataset.live = r.status
    note.textContent = r.status === 'error' ? words(r.error) : r.status === 'loading' ? 'Looking…' : r.data.length === 0 ? 'Nothing yet.' : ''
  })
}

function row(o: Order): HTMLElement {
  const name = h('h3', null, o.product)
  const face = h('span', { class: 'portrait' })
  const el = h('li', { 'data-id': o._id },
    face,
    h('div', { class: 'about' }, name, h('p', { class: 'faint' }, new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' }).format(o._createdAt))),
    h('span', null, o.quantity + ' ×'),
    h('strong', null, money(o.total)))
  void products.get(o.product).then(p => {
    if (!p) return
    name.textContent = p.name
    face.replaceWith(portrait(p.species, p._id))
  }, () => {})
  return el
}
