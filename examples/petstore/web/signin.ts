import { h, replace, toast } from './dom.ts'
import { codeField, field, form, link } from './form.ts'
import { markedButton, providerButton, settings } from './providers.ts'
import { hutch } from './store.ts'

/** The ways in: providers, a password, a mailed code. done closes the dialog. */
export function signIn(done: () => void): HTMLElement {
  const box = h('div', { class: 'form' })
  withPassword(box, done, '')
  return box
}

function withPassword(box: HTMLElement, done: () => void, address: string, fresh = false): void {
  const [emailField, email] = field('E-mail', { type: 'email', name: 'email', autocomplete: 'username', placeholder: 'you@example.com', value: address })
  const [passwordField, password] = field('Password',
    { type: 'password', name: 'password', minlength: 10, maxlength: 256, autocomplete: fresh ? 'new-password' : 'current-password' }, fresh && 'At least 10 characters')
  const act = async () => {
    const credentials = { email: email.value, password: password.value }
    if (!fresh) {
      await hutch.auth.signInWithPassword(credentials)
      return welcome(done)
    }
    const { confirm } = await hutch.auth.signUp({ ...credentials, profile: { name: email.value.split('@')[0] } })
    if (confirm) byCode(box, done, email.value, 'Confirm your address')
    else welcome(done, 'Welcome to the pet store!')
  }
  const providers = h('div', { class: 'providers', hidden: true })
  const mailed = h('div', { class: 'ways', hidden: true },
    link('Mail me a code', () => askAddress(box, done, email.value, 'magiclink')),
    link('Forgot password?', () => askAddress(box, done, email.value, 'recovery')))
  replace(box,
    h('h2', null, fresh ? 'Make an account' : 'Welcome back'),
    providers,
    form(h('button', { type: 'submit' }, fresh ? 'Sign up' : 'Sign in'), act, emailField, passwordField),
    mailed,
    link(fresh ? 'Have an account? Sign in' : 'New here? Make an account', () => withPassword(box, done, email.value, !fresh)))
  void Promise.all([settings, hutch.auth.passkeys.supported()]).then(([s, keys]) => {
    const buttons = s.providers.map(p => providerButton(p, 'Continue with', 'signInWithOAuth', () => welcome(done)))
    if (keys && !fresh) buttons.push(markedButton('passkey', 'Use a passkey', () => hutch.auth.passkeys.signIn().then(() => welcome(done))))
    replace(providers, buttons, h('p', { class: 'or' }, 'or'))
    providers.hidden = buttons.length === 0
    mailed.hidden = !s.otp || fresh
  })
}

function askAddress(box: HTMLElement, done: () => void, address: string, kind: 'magiclink' | 'recovery'): void {
  const [emailField, email] = field('E-mail', { type: 'email', name: 'email', autocomplete: 'username', placeholder: 'you@example.com', value: address })
  const recovery = kind === 'recovery'
  const act = async () => {
    await (recovery ? hutch.auth.resetPassword(email.value) : hutch.auth.signInWithOtp(email.value))
    byCode(box, done, email.value, 'Look into your mail', kind)
  }
  replace(box,
    h('h2', null, recovery ? 'A new password' : 'Sign in by mail'),
    h('p', { class: 'faint' }, recovery ? 'We mail you a code, and then you choose a new password.' : 'We mail you a link and a code. No password needed.'),
    form(h('button', { type: 'submit' }, 'Send the mail'), act, emailField),
    link('Back', () => withPassword(box, done, email.value)))
}

function byCode(box: HTMLElement, done: () => void, email: string, title: string, kind: 'signup' | 'magiclink' | 'recovery' = 'signup'): void {
  const [label, code] = codeField('Code')
  const act = async () => {
    await hutch.auth.verifyOtp({ email, code: code.value, type: kind === 'recovery' ? kind : 'email' })
    if (kind === 'recovery') replace(box, newPassword(done))
    else welcome(done)
  }
  replace(box,
    h('h2', null, title),
    h('p', { class: 'faint' }, 'We sent a mail to ', h('b', null, email), '. Type its code, or open its link in this browser.'),
    form(h('button', { type: 'submit' }, 'Go on'), act, label),
    link('Back', () => withPassword(box, done, email)))
  code.focus()
}

/** What a forgotten password's mail leads to. */
export function newPassword(done: () => void): HTMLElement {
  const box = h('div', { class: 'form' })
  const [passwordField, password] = field('New password', { type: 'password', name: 'password', minlength: 10, maxlength: 256, autocomplete: 'new-password' }, 'At least 10 characters')
  const act = async () => {
    await hutch.auth.update({ password: password.value })
    welcome(done, 'Your password is changed.')
  }
  replace(box, h('h2', null, 'Choose a new password'), form(h('button', { type: 'submit' }, 'Save'), act, passwordField))
  return box
}

function welcome(done: () => void, text = 'Good to see you.'): void {
  done()
  if (!hutch.auth.user?.needsFactor) toast(text)
}
