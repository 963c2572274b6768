import { h, replace, toast } from './dom.ts'
import { codeField, form, link } from './form.ts'
import { hutch } from './store.ts'

/** Between password and shop, for accounts with a second factor. */
export function showFactor(done: () => void): HTMLElement {
  const [label, code] = codeField('Code of your authenticator app')
  const act = async () => {
    const factor = (await hutch.auth.mfa.list()).find(f => f.verified)
    if (factor) await hutch.auth.mfa.verify({ factor: factor.id, code: code.value })
    done()
    toast('Good to see you.')
  }
  const leave = () => {
    done()
    void hutch.auth.signOut().catch(() => {})
  }
  return h('div', { class: 'form' }, h('h2', null, 'One more step'), form(h('button', { type: 'submit' }, 'Go on'), act, label), link('Sign out', leave))
}

/** Adds an authenticator app to the account. */
export async function addFactor(box: HTMLElement, done: () => void): Promise<void> {
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
