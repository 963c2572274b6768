import type { Page } from './main.ts'
import { accountDialog } from './account.ts'
import { portrait } from './art.ts'
import { h, money, replace, toast } from './dom.ts'
import { cart, hutch, words, type Line } from './store.ts'

/** The cart: each line is bought by one call, once, whatever the network does. */
export const cartPage: Page = main => {
  const list = h('ul', { class: 'lines' })
  const sum = h('div', { class: 'sum' })
  let busy = false
  main.append(h('h1', { class: 'title' }, 'Your cart'), list, sum)

  function draw(): void {
    replace(list, ...cart.lines.map(line))
    if (cart.lines.length === 0) {
      replace(sum, h('p', { class: 'note' }, 'Your cart is empty.'), h('a', { href: '#/', class: 'button' }, 'Browse the shelf'))
      return
    }
    const buy = h('button', { type: 'button', id: 'buy', disabled: busy, onclick: checkout }, busy ? 'One moment…' : hutch.auth.user ? 'Buy now' : 'Sign in to buy')
    replace(sum, h('p', null, 'Total ', h('strong', null, money(cart.total))), buy)
  }

  function line(l: Line): HTMLElement {
    const step = (n: number, label: string, text: string) =>
      h('button', { type: 'button', class: 'step', 'aria-label': label, disabled: busy, onclick: () => cart.quantity(l.id, l.quantity + n) }, text)
    return h('li', null,
      portrait(l.species, l.id),
      h('div', { class: 'about' }, h('h3', null, l.name), h('p', { class: 'faint' }, money(l.price))),
      h('div', { class: 'steps' }, step(-1, 'One less', '−'), h('span', null, l.quantity), step(1, 'One more', '+')),
      h('button', { type: 'button', class: 'link', disabled: busy, onclick: () => cart.remove(l.id) }, 'Remove'))
  }

  async function checkout(): Promise<void> {
    if (!hutch.auth.user) return accountDialog()
    busy = true
    draw()
    let bought = 0
    for (const l of [...cart.lines]) {
      try {
        await hutch.call('purchase', { productId: l.id, quantity: l.quantity }, { key: l.key })
        cart.remove(l.id)
        bought++
      } catch (e) {
        toast(words(e), 'bad')
      }
    }
    busy = false
    draw()
    if (bought > 0) {
      toast(bought === 1 ? 'Bought. Thank you!' : `${bought} pets bought. Thank you!`)
      if (cart.lines.length === 0) location.hash = '#/orders'
    }
  }

  draw()
  return cart.onChange(draw)
}
