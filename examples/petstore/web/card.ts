import { h, money, toast } from './dom.ts'
import { portrait } from './art.ts'
import { cart, species, type Product } from './store.ts'

/** What a search answers has the same fields, without the system's. */
export type Shown = Pick<Product, '_id' | 'name' | 'species' | 'price' | 'stock' | 'description'>

export function card(p: Shown): HTMLElement {
  const add = h('button', { type: 'button', class: 'add' }, 'Add to cart')
  const el = h('article', { class: 'card', 'data-id': p._id },
    portrait(p.species, p._id),
    h('div', { class: 'about' },
      h('p', { class: 'kind' }, species[p.species]),
      h('h3', null, p.name),
      h('p', { class: 'faint' }, p.description)),
    h('div', { class: 'deal' }, h('strong', { class: 'price' }), h('span', { class: 'stock' }), add))
  let shown = p
  add.addEventListener('click', () => {
    cart.add(shown)
    toast(shown.name + ' is in your cart.')
  })
  el.addEventListener('petstore:row', e => {
    shown = (e as CustomEvent<Shown>).detail
  })
  fill(el, p)
  return el
}

/** A live change: the new numbers, and a glow where stock moved. */
export function updateCard(el: HTMLElement, p: Shown, old: Shown): void {
  el.dispatchEvent(new CustomEvent('petstore:row', { detail: p }))
  fill(el, p)
  const stock = el.querySelector('.stock')
  if (p.stock === old.stock || !stock) return
  stock.classList.remove('moved')
  void (stock as HTMLElement).offsetWidth // restarts the animation
  stock.classList.add('moved')
}

function fill(el: HTMLElement, p: Shown): void {
  const text = (selector: string, value: string) => {
    const node = el.querySelector(selector)
    if (node) node.textContent = value
  }
  text('h3', p.name)
  text('.about .faint', p.description)
  text('.price', money(p.price))
  text('.stock', p.stock === 0 ? 'sold out' : p.stock + ' left')
  el.classList.toggle('gone', p.stock === 0)
  el.classList.toggle('few', p.stock > 0 && p.stock < 4)
  el.querySelector('.add')?.toggleAttribute('disabled', p.stock === 0)
}
