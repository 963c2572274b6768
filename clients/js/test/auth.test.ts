import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createClient, HutchError, type AnyApp, type Hutch } from '../src/index.ts'
import { codeOf } from '../../../internal/e2e/browser/authenticator.ts'
import { openMailbox, type Mail, type Mailbox } from '../../../internal/e2e/browser/mailbox.ts'
import { openProvider, surf, type Provider } from '../../../internal/e2e/browser/provider.ts'
import { eventually, newEmail, openShop, password, type Shop } from '../../../internal/e2e/browser/shop.ts'
import { memory } from './memory.ts'

const redirectTo = 'shop://auth/back?from=mail#/cart'

/** What the button of a link's page leads to. */
async function press(mail: Mail): Promise<string> {
  const link = new URL(mail.link)
  const res = await fetch(link.origin + link.pathname, { method: 'POST', redirect: 'manual', body: link.searchParams })
  assert.equal(res.status, 303, await res.text())
  return res.headers.get('location') as string
}

describe('signing in by mail and at providers', () => {
  let shop: Shop
  let mailbox: Mailbox
  let provider: Provider
  const open: Hutch<AnyApp>[] = []
  const connect = (storage = memory()) => {
    const c = createClient(shop.url, { storage })
    open.push(c)
    return c
  }

  before(async () => {
    [mailbox, provider] = await Promise.all([openMailbox(), openProvider()])
    shop = await openShop('serve', new URL('signin', import.meta.url).pathname, { SMTP: mailbox.smtp, ISSUER: provider.issuer })
  })
  after(async () => {
    for (const c of open) c.close()
    await shop?.stop()
    mailbox?.stop()
    provider?.stop()
  })

  it('says what the server offers', async () => {
    assert.deepEqual(await connect().auth.settings(), { providers: ['corp'], signUp: true, confirmEmail: true, otp: true, anonymous: true })
  })

  it('waits for the mail of a sign-up, by link and by code', async () => {
    const c = connect()
    const email = newEmail()
    const { user, confirm } = await c.auth.signUp({ email, password, redirectTo })
    assert.deepEqual([confirm, user.emailVerified, await c.auth.token()], [true, false, null])
    await assert.rejects(c.auth.signInWithPassword({ email, password }), e => HutchError.is(e, 'invalid_credentials'))
    const url = await press(await mailbox.next(email))
    assert.ok(url.startsWith('shop://auth/back?') && url.includes('from=mail'), url)
    assert.equal(await connect().auth.follow(url), null, 'a client that did not begin it leaves it alone')
    const back = await c.auth.follow(url)
    assert.deepEqual([back?.type, back?.user?.email, back?.user?.emailVerified], ['signup', email, true])
    assert.equal(c.auth.user?.email, email)
    assert.equal(await c.auth.follow(url), null, 'once')

    const typed = connect()
    const other = newEmail()
    await typed.auth.signUp({ email: other, password, redirectTo })
    await mailbox.next(other)
    await typed.auth.resend({ email: other, type: 'signup', redirectTo })
    assert.equal((await typed.auth.verifyOtp({ email: other, code: await mailbox.code(other) })).emailVerified, true)
    assert.equal(typed.auth.user?.email, other)
    assert.equal((await connect().auth.signInWithPassword({ email: other, password })).email, other)
  })

  it('signs in with a mailed code or link', async () => {
    const c = connect()
    const email = newEmail()
    await assert.rejects(c.auth.verifyOtp({ email, code: '000000' }), e => HutchError.is(e, 'otp_expired'))
    await c.auth.signInWithOtp(email, { profile: { name: 'Ann' } })
    const user = await c.auth.verifyOtp({ email, code: await mailbox.code(email) })
    assert.deepEqual([user.email, user.profile.name], [email, 'Ann'])
    const linked = connect()
    await linked.auth.signInWithOtp(email, { redirectTo })
    assert.equal((await linked.auth.follow(await press(await mailbox.next(email))))?.user?.uid, user.uid)
    const bare = connect() // nothing to come back to: the link's own token, which the app takes by hand
    await bare.auth.signInWithOtp(email)
    const q = new URL(await press(await mailbox.next(email))).searchParams
    const found = await bare.auth.verifyOtp({ tokenHash: q.get('token_hash') as string, type: q.get('type') as string })
    assert.equal(found.uid, user.uid)
    await c.auth.signInWithOtp(newEmail(), { create: false })
  })

  it('sets a new password by mail', async () => {
    const c = connect()
    const email = newEmail()
    await c.auth.signInWithOtp(email)
    const { uid } = await c.auth.verifyOtp({ email, code: await mailbox.code(email) })
    const lost = connect()
    await lost.auth.resetPassword(email, { redirectTo })
    const back = await lost.auth.follow(await press(await mailbox.next(email)))
    assert.deepEqual([back?.type, back?.user?.uid], ['recovery', uid])
    await lost.auth.update({ password: 'another long password' })
    assert.equal((await connect().auth.signInWithPassword({ email, password: 'another long password' })).uid, uid)
  })

  it('changes the address, and takes the mailed nonce', async () => {
    const c = connect()
    const [email, next] = [newEmail(), newEmail()]
    await c.auth.signInWithOtp(email)
    const { uid } = await c.auth.verifyOtp({ email, code: await mailbox.code(email) })
    await c.auth.reauthenticate()
    const nonce = await mailbox.code(email)
    await assert.rejects(c.auth.update({ password, nonce: nonce === '123456' ? '654321' : '123456' }), e => HutchError.is(e, 'otp_expired'))
    await c.auth.update({ password, nonce })
    await mailbox.next(email) // that the password was changed
    assert.equal((await c.auth.update({ email: next })).email, email)
    const both = [await mailbox.next(email), await mailbox.next(next)] as const
    await c.auth.verifyOtp({ email, code: both[0].code, type: 'email_change' })
    assert.equal((await c.auth.verifyOtp({ email: next, code: both[1].code, type: 'email_change' })).email, next)
    assert.deepEqual([c.auth.user?.uid, c.auth.user?.email], [uid, next])
    const last = newEmail()
    await mailbox.next(email) // how to undo it
    await c.auth.update({ email: last, redirectTo })
    const first = await c.auth.follow(await press(await mailbox.next(next)))
    assert.deepEqual([first?.type, first?.user, first?.error], ['email_change', undefined, undefined], 'one of two')
    const there = await press(await mailbox.next(last))
    assert.equal(await connect().auth.follow(there), null)
    const back = await c.auth.follow(there)
    assert.deepEqual([back?.type, back?.user?.uid, c.auth.user?.email], ['email_change', uid, last])
  })

  it('lets somebody in without a name, who becomes permanent with their id', async () => {
    const c = connect()
    const guest = await c.auth.signInAnonymously({ profile: { theme: 'dark' } })
    assert.deepEqual([guest.anonymous, guest.email, guest.profile.theme, guest.aal, guest.needsFactor], [true, null, 'dark', 'aal1', false])
    const email = newEmail()
    await c.auth.update({ email, password, redirectTo })
    const back = await c.auth.follow(await press(await mailbox.next(email)))
    assert.deepEqual([back?.type, back?.error], ['email_change', undefined])
    assert.deepEqual([c.auth.user?.uid, c.auth.user?.anonymous, c.auth.user?.email], [guest.uid, false, email])
    assert.equal((await connect().auth.signInWithPassword({ email, password })).uid, guest.uid, 'the password that came with it')

    const other = connect()
    const { uid } = await other.auth.signInAnonymously()
    const linked = await other.auth.linkIdentity('corp', { redirectTo, open: url => surf(url, 'greta', u => u.protocol === 'shop:') })
    assert.deepEqual([linked.uid, linked.anonymous, other.auth.user?.email], [uid, false, 'greta@corp.example'])
    const typed = connect()
    await typed.auth.signInAnonymously()
    const third = newEmail()
    await typed.auth.update({ email: third })
    assert.equal((await typed.auth.verifyOtp({ email: third, code: await mailbox.code(third), type: 'email_change' })).anonymous, false)
  })

  it('signs in at a provider, links and unlinks', async () => {
    const c = connect()
    const away = (name: string) => (url: string) => surf(url, name, u => u.protocol === 'shop:')
    const ann = await c.auth.signInWithOAuth('corp', { redirectTo, open: away('ann'), scopes: ['email'], loginHint: 'ann' })
    assert.deepEqual([ann.email, ann.emailVerified, c.auth.user?.uid], ['ann@corp.example', true, ann.uid])
    assert.equal((await connect().auth.signInWithOAuth('corp', { redirectTo, open: away('ann') })).uid, ann.uid)
    await assert.rejects(connect().auth.signInWithOAuth('corp', { redirectTo, open: async () => null }), e => HutchError.is(e, 'cancelled'))
    await assert.rejects(connect().auth.signInWithOAuth('corp', { open: async () => null }), e => HutchError.is(e, 'invalid_argument') && e.field === 'redirectTo')
    await assert.rejects(async () => connect().auth.signInWithOAuth('corp'), e => HutchError.is(e, 'invalid_argument') && e.field === 'open')

    const linked = await c.auth.linkIdentity('corp', { redirectTo, open: away('ann-at-work') })
    assert.equal(linked.uid, ann.uid)
    const ways = await c.auth.identities()
    assert.deepEqual(ways.map(i => [i.provider, i.subject]), [['corp', 'ann'], ['corp', 'ann-at-work']])
    assert.ok(ways[0]?.createdAt instanceof Date)
    await assert.rejects(c.auth.linkIdentity('corp', { redirectTo, open: away('carl') }).then(() => connect().auth.signInWithOAuth('corp', { redirectTo, open: away('dora') }))
      .then(() => c.auth.linkIdentity('corp', { redirectTo, open: away('dora') })), e => HutchError.is(e, 'identity_already_exists'))
    await c.auth.unlinkIdentity(ways[1]?.id as string)
    assert.notEqual((await connect().auth.signInWithOAuth('corp', { redirectTo, open: away('ann-at-work') })).uid, ann.uid)
    await assert.rejects(c.auth.signInWithIdToken({ provider: 'corp', token: 'a.b.c' }), e => HutchError.is(e, 'invalid_credentials', 'validation_failed'))
  })

  it('asks for a second factor, and answers what was refused without it', async () => {
    const [c, other] = [connect(), connect()]
    const email = newEmail()
    await c.auth.signInWithOtp(email)
    await c.auth.verifyOtp({ email, code: await mailbox.code(email) })
    await c.auth.update({ password })
    await other.auth.signInWithPassword({ email, password })
    assert.deepEqual([await c.auth.mfa.aal(), await c.auth.mfa.list()], [{ current: 'aal1', next: 'aal1' }, []])
    const made = await c.auth.mfa.enroll({ name: 'Phone' })
    assert.match(made.qrCode, /^data:image\/svg\+xml;utf-8,%3C/)
    assert.match(made.uri, /^otpauth:\/\/totp\//)
    assert.deepEqual((await c.auth.mfa.list()).map(f => [f.name, f.type, f.verified]), [['Phone', 'totp', false]])
    const challenge = await c.auth.mfa.challenge(made.id)
    assert.ok(challenge.expiresAt > new Date())
    await assert.rejects(c.auth.mfa.verify({ factor: made.id, code: '000000', challenge: challenge.id }), e => HutchError.is(e, 'mfa_verification_failed'))
    const user = await c.auth.mfa.verify({ factor: made.id, code: codeOf(made.secret) })
    assert.deepEqual([user.aal, user.needsFactor, c.auth.user?.aal], ['aal2', false, 'aal2'])
    assert.equal(await other.auth.token({ fresh: true }), null, 'who came in without it is out')
    await c.collection('secrets').create({ text: 'x' })

    const half = await other.auth.signInWithPassword({ email, password })
    assert.deepEqual([half.aal, half.needsFactor, await other.auth.mfa.aal()], ['aal1', true, { current: 'aal1', next: 'aal2' }])
    const secrets = other.collection('secrets').live()
    const stop = secrets.subscribe(() => {})
    await assert.rejects(secrets.ready, e => HutchError.is(e, 'unauthenticated'))
    const why: string[] = []
    other.auth.onAuthStateChange((u, w) => void why.push(`${w} ${u?.aal}`))
    await assert.rejects(other.auth.mfa.enroll(), e => HutchError.is(e, 'insufficient_aal'))
    await other.auth.mfa.verify({ factor: made.id, code: codeOf(made.secret, 1) })
    await eventually('the rows that were refused', () => secrets.current.status === 'live' && secrets.current.data.length === 1)
    await eventually('the change', () => why.includes('changed aal2'))
    stop()
    assert.ok(await other.auth.token({ fresh: true }))
    assert.equal(other.auth.user?.aal, 'aal2', 'a refresh keeps it')
    assert.equal(await other.auth.mfa.recoveryCodes(), 0)
    const old = await other.auth.mfa.newRecoveryCodes()
    const codes = await other.auth.mfa.newRecoveryCodes()
    assert.deepEqual([codes.length, await other.auth.mfa.recoveryCodes()], [10, 10])
    const lost = connect()
    await lost.auth.signInWithPassword({ email, password })
    await assert.rejects(lost.auth.mfa.recover(old[0] as string), e => HutchError.is(e, 'mfa_verification_failed'))
    assert.equal((await lost.auth.mfa.recover(codes[0] as string)).aal, 'aal2')
    assert.equal(await other.auth.mfa.recoveryCodes(), 9)
    await other.auth.mfa.removeRecoveryCodes()
    assert.equal(await other.auth.mfa.recoveryCodes(), 0)
    await other.auth.mfa.unenroll(made.id)
    assert.deepEqual([other.auth.user?.aal, other.auth.user?.needsFactor, await other.auth.mfa.list()], ['aal1', false, []])
  })

  it('lists sessions and ends them', async () => {
    const email = newEmail()
    const [c, other] = [connect(), connect()]
    for (const each of [c, other]) {
      await each.auth.signInWithOtp(email)
      await each.auth.verifyOtp({ email, code: await mailbox.code(email) })
    }
    const all = await c.auth.sessions()
    assert.deepEqual([all.length, all.filter(s => s.current).length], [2, 1])
    assert.ok(all.every(s => s.createdAt instanceof Date && s.lastUsedAt <= new Date(Date.now() + 60_000)))
    await c.auth.endSession(all.find(s => !s.current)?.id as string)
    assert.equal(await other.auth.token({ fresh: true }), null)
    await assert.rejects(c.auth.endSession(all.find(s => !s.current)?.id as string), e => HutchError.is(e, 'not_found'))
    await other.auth.signInWithOtp(email)
    await other.auth.verifyOtp({ email, code: await mailbox.code(email) })
    await c.auth.signOut('others')
    assert.equal(await other.auth.token({ fresh: true }), null)
    assert.equal((await c.auth.sessions()).length, 1)
  })
})
