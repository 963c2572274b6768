import { cart, hutch, words } from './store.ts'
import { h, replace, toast } from './dom.ts'
import { accountDialog } from './account.ts'
import { browsePage } from './browse.ts'
import { cartPage } from './cart.ts'
import { keeperPage } from './keeper.ts'
import { ordersPage } from './orders.ts'
import { searchPage } from './search.ts'

/** A page draws itself into main and gives back how to end it. */
export type Page = (main: HTMLElement, params: URLSearchParams) => () => void

const pages: Record<string, Page> = {
  '': browsePage, search: searchPage, cart: cartPage, orders: ordersPage, keeper: keeperPage,
}

const main = h('main', { id: 'main' })
const count = h('span', { class: 'badge', hidden: true })
const keeper = h('a', { href: '#/keeper', hidden: true }, 'Keeper')
const account = h('button', { class: 'quiet', id: 'account', type: 'button' }, 'Sign in')
const box = h('input', { type: 'search', name: 'q', placeholder: 'Search pets', 'aria-label': 'Search pets', maxlength: 60 }) as HTMLInputElement

document.getElementById('app')?.replaceChildren(
  h('header', { class: 'top' },
    h('a', { href: '#/', class: 'brand' }, h('img', { src: '/icon.svg', alt: '', width: 34, height: 34 }), h('span', null, 'Pet store')),
    h('form', { class: 'find', role: 'search', onsubmit: find }, box),
    h('nav', { 'aria-label': 'Pages' },
      h('a', { href: '#/' }, 'Browse'), h('a', { href: '#/orders' }, 'Orders'), keeper,
      h('a', { href: '#/cart', class: 'cartlink' }, 'Cart', count)),
    account),
  main,
  h('footer', null, 'Live stock, straight from the database. Runs on Hutch.'),
)

function find(e: Event): void {
  e.preventDefault()
  location.hash = '#/search?q=' + encodeURIComponent(box.value.trim())
}

let end = () => {}
function route(): void {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?')
  end()
  replace(main)
  end = (Object.hasOwn(pages, path) && pages[path] || browsePage)(main, new URLSearchParams(query))
  for (const a of document.querySelectorAll('nav a')) {
    const here = a.getAttribute('href') === '#/' + path
    if (here) a.setAttribute('aria-current', 'page')
    else a.removeAttribute('aria-current')
  }
  window.scrollTo(0, 0)
}

function drawCart(): void {
  count.hidden = cart.count === 0
  count.textContent = String(cart.count)
}

cart.onChange(drawCart)
drawCart()
account.addEventListener('click', () => accountDialog())
hutch.auth.onAuthStateChange((user, why) => {
  account.textContent = user ? user.email ?? String(user.profile.name ?? 'Account') : 'Sign in'
  account.classList.toggle('in', user !== null)
  keeper.hidden = !user?.roles.includes('keeper')
  if (why === 'expired') toast('You were signed out.', 'bad')
  if (why !== 'initial') route()
  if (why === 'in' && user?.needsFactor) accountDialog()
})
addEventListener('hashchange', route)
const returned = await hutch.auth.returned // from a provider, or from a mail
await hutch.auth.ready
route()
if (returned?.error) toast(words(returned.error), 'bad')
else if (returned?.type === 'recovery') accountDialog('password')
else if (returned) toast(returned.type === 'link' ? 'Connected.' : 'Good to see you.')
