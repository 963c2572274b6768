import { HutchError } from '@hutch/client'
import { h, replace, toast } from './dom.ts'
import { codeField, field, form, link } from './form.ts'
import { markedButton } from './providers.ts'
import { hutch, words } from './store.ts'

/** Between password and shop, for accounts with a second factor. */
export function showFactor(done: () => void): HTMLElement {
  const box = h('div', { class: 'form' }, h('h2', null, 'One more step'))
  const leave = () => {
    done()
    void hutch.auth.signOut().catch(() => {})
  }
  const draw = (...ways: HTMLElement[]) => replace(box, h('h2', null, 'One more step'), ways, link('Sign out', leave))
  const welcome = () => {
    done()
    toast('Good to see you.')
  }
  const withPaper = () => {
    const [label, code] = field('One of your recovery codes', { name: 'recovery', autocomplete: 'off', spellcheck: 'false' })
    draw(form(h('button', { type: 'submit' }, 'Go on'), () => hutch.auth.mfa.recover(code.value).then(welcome), label))
    code.focus()
  }
  hutch.auth.mfa.list().then(all => {
    const app = all.find(f => f.verified && f.type === 'totp')
    const key = all.find(f => f.verified && f.type === 'webauthn')
    const ways: HTMLElement[] = []
    if (key) ways.push(markedButton('passkey', 'Use your security key', () => hutch.auth.mfa.verifyKey({ factor: key.id }).then(welcome)))
    if (app) {
      const [label, code] = codeField('Code of your authenticator app')
      ways.push(form(h('button', { type: 'submit' }, 'Go on'), () => hutch.auth.mfa.verify({ factor: app.id, code: code.value }).then(welcome), label))
    }
    draw(...ways, link('Use a recovery code', withPaper))
  }, e => toast(words(e), 'bad'))
  return box
}

/** The second step of signing in: on and off, and codes for the day when it is lost. */
export function twoSteps(box: HTMLElement, close: () => void): HTMLElement {
  const section = h('div', { class: 'form', hidden: true })
  const quiet = (text: string, act: () => Promise<unknown>) => h('button', { type: 'button', class: 'quiet', onclick: () => void act().catch(tell) }, text)
  const off = async () => {
    for (const f of await hutch.auth.mfa.list()) await hutch.auth.mfa.unenroll(f.id)
    close()
    toast('A password is enough again.')
  }
  const addKey = async () => {
    await hutch.auth.mfa.enrollKey({ name: 'Security key' })
    close()
    toast('From now on we ask for your key, too.')
  }
  void Promise.all([hutch.auth.mfa.list(), hutch.auth.passkeys.supported()]).then(([all, keys]) => {
    const on = all.some(f => f.verified)
    replace(section,
      h('h3', null, 'Two-step sign-in'),
      !on && quiet('Turn two-step sign-in on', () => addFactor(box, close)),
      !on && keys && quiet('Use a security key', addKey),
      on && quiet('Get recovery codes', () => addCodes(box, close)),
      on && quiet('Turn two-step sign-in off', off))
    section.hidden = false
  }, () => {})
  return section
}

function tell(e: unknown): void {
  if (!HutchError.is(e, 'cancelled')) toast(words(e), 'bad')
}

/** Adds an authenticator app to the account. */
async function addFactor(box: HTMLElement, done: () => void): Promise<void> {
  const made = await hutch.auth.mfa.enroll()
  const [label, code] = codeField('The code that it shows')
  const act = async () => {
    await hutch.auth.mfa.verify({ factor: made.id, code: code.value })
    done()
    toast('From now on we ask for a code, too.')
  }
  replace(box,
    h('h2', null, 'Two-step sign-in'),
    h('p', { class: 'faint' }, 'Scan this with an authenticator app, or type the key into it.'),
    h('img', { class: 'qr', src: made.qrCode, alt: 'QR code', width: 180, height: 180 }),
    h('code', { class: 'key' }, made.secret),
    form(h('button', { type: 'submit' }, 'Turn it on'), act, label))
}

/** Codes that each stand in for the second step once. */
async function addCodes(box: HTMLElement, done: () => void): Promise<void> {
  const codes = await hutch.auth.mfa.newRecoveryCodes()
  replace(box,
    h('h2', null, 'Recovery codes'),
    h('p', { class: 'faint' }, 'Print them or write them down: each lets you in once without your app or key. Those of before are good no more.'),
    h('ul', { class: 'codes' }, codes.map(c => h('li', null, h('code', null, c)))),
    h('button', { type: 'button', onclick: done }, 'I have them'))
}
