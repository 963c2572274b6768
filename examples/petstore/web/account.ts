import { h, toast } from './dom.ts'
import { hutch, words } from './store.ts'

/** Sign in, sign up, or what belongs to whoever is signed in. */
export function accountDialog(): void {
  const dialog = h('dialog', { class: 'sheet' }) as HTMLDialogElement
  dialog.append(h('button', { class: 'close', type: 'button', 'aria-label': 'Close', onclick: () => dialog.close() }, '×'))
  dialog.append(hutch.auth.user ? signedIn(dialog) : signIn(dialog))
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}

function signedIn(dialog: HTMLDialogElement): HTMLElement {
  const user = hutch.auth.user
  const leave = async (scope: 'here' | 'everywhere') => {
    dialog.close()
    try {
      await hutch.auth.signOut(scope)
    } catch (e) {
      toast(words(e), 'bad')
    }
  }
  return h('div', { class: 'form' },
    h('h2', null, 'Your account'),
    h('p', null, user?.email ?? String(user?.profile.name ?? user?.uid)),
    user && user.roles.length > 0 && h('p', { class: 'faint' }, 'Roles: ' + user.roles.join(', ')),
    h('button', { type: 'button', onclick: () => leave('here') }, 'Sign out'),
    h('button', { type: 'button', class: 'quiet', onclick: () => leave('everywhere') }, 'Sign out everywhere'))
}

function signIn(dialog: HTMLDialogElement): HTMLElement {
  let fresh = false
  const email = h('input', { type: 'email', name: 'email', required: true, autocomplete: 'username', placeholder: 'you@example.com' }) as HTMLInputElement
  const password = h('input', { type: 'password', name: 'password', required: true, minlength: 10, maxlength: 256, autocomplete: 'current-password' }) as HTMLInputElement
  const problem = h('p', { class: 'problem', role: 'alert' })
  const go = h('button', { type: 'submit' }, 'Sign in')
  const title = h('h2', null, 'Welcome back')
  const other = h('button', { type: 'button', class: 'link' }, 'New here? Make an account')
  other.addEventListener('click', () => {
    fresh = !fresh
    title.textContent = fresh ? 'Make an account' : 'Welcome back'
    go.textContent = fresh ? 'Sign up' : 'Sign in'
    other.textContent = fresh ? 'Have an account? Sign in' : 'New here? Make an account'
    password.setAttribute('autocomplete', fresh ? 'new-password' : 'current-password')
    problem.textContent = ''
  })
  const submit = async (e: Event) => {
    e.preventDefault()
    problem.textContent = ''
    go.setAttribute('disabled', '')
    try {
      const credentials = { email: email.value, password: password.value }
      if (fresh) await hutch.auth.signUp({ ...credentials, profile: { name: email.value.split('@')[0] } })
      else await hutch.auth.signInWithPassword(credentials)
      dialog.close()
      toast(fresh ? 'Welcome to the pet store!' : 'Good to see you.')
    } catch (error) {
      problem.textContent = words(error)
    } finally {
      go.removeAttribute('disabled')
    }
  }
  return h('form', { class: 'form', onsubmit: submit },
    title,
    h('label', null, 'E-mail', email),
    h('label', null, 'Password', password, h('small', null, 'At least 10 characters')),
    problem, go, other)
}
