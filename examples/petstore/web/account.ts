import { h, replace, toast } from './dom.ts'
import { nameOf, providerButton, settings } from './providers.ts'
import { newPassword, signIn } from './signin.ts'
import { hutch, words } from './store.ts'

/** Sign in, sign up, or what belongs to whoever is signed in. */
export function accountDialog(what: 'account' | 'password' = 'account'): void {
  const dialog = h('dialog', { class: 'sheet' }) as HTMLDialogElement
  const close = () => dialog.close()
  dialog.append(h('button', { class: 'close', type: 'button', 'aria-label': 'Close', onclick: close }, '×'))
  dialog.append(!hutch.auth.user ? signIn(close) : what === 'password' ? newPassword(close) : signedIn(close))
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}

function signedIn(close: () => void): HTMLElement {
  const user = hutch.auth.user
  const leave = async (scope: 'here' | 'everywhere') => {
    close()
    try {
      await hutch.auth.signOut(scope)
    } catch (e) {
      toast(words(e), 'bad')
    }
  }
  const ways = h('div', { class: 'form', hidden: true })
  void drawWays(ways)
  return h('div', { class: 'form' },
    h('h2', null, 'Your account'),
    h('p', null, user?.email ?? String(user?.profile.name ?? user?.uid)),
    user && user.roles.length > 0 && h('p', { class: 'faint' }, 'Roles: ' + user.roles.join(', ')),
    ways,
    h('button', { type: 'button', onclick: () => leave('here') }, 'Sign out'),
    h('button', { type: 'button', class: 'quiet', onclick: () => leave('everywhere') }, 'Sign out everywhere'))
}

/** How the person signs in, and what they could add: shown where there is a choice. */
async function drawWays(box: HTMLElement): Promise<void> {
  const { providers } = await settings
  if (providers.length === 0) return
  try {
    const has = await hutch.auth.identities()
    const again = () => void drawWays(box)
    const unlink = async (id: string) => {
      try {
        await hutch.auth.unlinkIdentity(id)
        again()
      } catch (e) {
        toast(words(e), 'bad')
      }
    }
    replace(box,
      h('h3', null, 'Ways to sign in'),
      h('ul', { class: 'identities' }, has.map(i => h('li', null,
        h('span', null, i.provider === 'email' ? 'E-mail' : nameOf(i.provider), i.email && h('small', null, i.email)),
        has.length > 1 && h('button', { type: 'button', class: 'link', onclick: () => unlink(i.id) }, 'Remove')))),
      providers.filter(p => !has.some(i => i.provider === p)).map(p => providerButton(p, 'Connect', 'linkIdentity', again)))
    box.hidden = false
  } catch (e) {
    toast(words(e), 'bad')
  }
}
