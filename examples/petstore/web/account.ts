import { h, replace, toast } from './dom.ts'
import { showFactor, twoSteps } from './factor.ts'
import { field, form, link } from './form.ts'
import { markedButton, nameOf, providerButton, settings } from './providers.ts'
import { newPassword, signIn } from './signin.ts'
import { hutch, words } from './store.ts'

/** Sign in, sign up, or what belongs to whoever is signed in. */
export function accountDialog(what: 'account' | 'password' = 'account'): void {
  const dialog = h('dialog', { class: 'sheet' }) as HTMLDialogElement
  const close = () => dialog.close()
  dialog.append(h('button', { class: 'close', type: 'button', 'aria-label': 'Close', onclick: close }, '×'))
  dialog.append(!hutch.auth.user ? signIn(close) : hutch.auth.user.needsFactor ? showFactor(close) : what === 'password' ? newPassword(close) : signedIn(close))
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
  const box = h('div', { class: 'form' })
  replace(box,
    h('h2', null, 'Your account'),
    h('p', null, user?.email ?? String(user?.profile.name ?? user?.uid)),
    user && user.roles.length > 0 && h('p', { class: 'faint' }, 'Roles: ' + user.roles.join(', ')),
    ways, twoSteps(box, close),
    h('button', { type: 'button', onclick: () => leave('here') }, 'Sign out'),
    h('button', { type: 'button', class: 'quiet', onclick: () => leave('everywhere') }, 'Sign out everywhere'),
    link('Delete my account', () => endAccount(box, close)))
  return box
}

/** How the person signs in, and what they could add: shown where there is a choice. */
async function drawWays(box: HTMLElement): Promise<void> {
  const { providers } = await settings
  const keys = await hutch.auth.passkeys.supported()
  if (providers.length === 0 && !keys) return
  const act = (f: () => Promise<unknown>) => async () => {
    try {
      await f()
      await drawWays(box)
    } catch (e) {
      toast(words(e), 'bad')
    }
  }
  const again = () => void drawWays(box)
  try {
    const [has, passkeys] = await Promise.all([hutch.auth.identities(), keys ? hutch.auth.passkeys.list() : []])
    replace(box,
      h('h3', null, 'Ways to sign in'),
      h('ul', { class: 'identities' }, has.map(i => h('li', null,
        h('span', null, i.provider === 'email' ? 'E-mail' : nameOf(i.provider), i.email && h('small', null, i.email)),
        has.length > 1 && h('button', { type: 'button', class: 'link', onclick: act(() => hutch.auth.unlinkIdentity(i.id)) }, 'Remove'))),
        passkeys.map(k => h('li', null,
          h('span', null, 'Passkey', h('small', null, 'since ' + k.createdAt.toLocaleDateString())),
          h('button', { type: 'button', class: 'link', onclick: act(() => hutch.auth.passkeys.remove(k.id)) }, 'Remove')))),
      providers.filter(p => !has.some(i => i.provider === p)).map(p => providerButton(p, 'Connect', 'linkIdentity', again)),
      keys && markedButton('passkey', 'Add a passkey', () => hutch.auth.passkeys.register().then(again)))
    box.hidden = false
  } catch (e) {
    toast(words(e), 'bad')
  }
}

/** The account and all that belongs to it goes, for good: the person types who they are. */
function endAccount(box: HTMLElement, close: () => void): void {
  const user = hutch.auth.user
  const [label, typed] = field(user?.email ? 'Your e-mail' : 'The word "delete"', { name: 'who', autocomplete: 'off' })
  const act = async () => {
    if (typed.value.trim().toLowerCase() !== (user?.email ?? 'delete').toLowerCase()) {
      typed.select()
      return
    }
    await hutch.auth.deleteUser()
    close()
    toast('Your account is gone.')
  }
  replace(box,
    h('h2', null, 'Delete your account?'),
    h('p', null, 'You are signed out everywhere, and it does not come back. Orders stay with the shop, under a number that is nobody\'s.'),
    form(h('button', { type: 'submit' }, 'Delete it'), act, label),
    link('Keep it', close))
}
