import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, afterEach, before, describe, it, mock } from 'node:test'
import { challengeOf } from '../src/challenge.ts'
import { cameBack, Flows } from '../src/flow.ts'
import { createClient, HutchError, type AppType, type Hutch, type Storage } from '../src/index.ts'
import { sha256 } from '../src/sha256.ts'
import { exclusively } from '../src/storage.ts'
import { eventually, newEmail, openShop, password, type Shop } from '../../../internal/e2e/browser/shop.ts'
import { memory } from './memory.ts'

const pause = (ms: number) => new Promise(r => setTimeout(r, ms))

/** A storage whose every answer takes its time, as on phones. */
function slow(under: Storage): Storage {
  const late = async <T>(f: () => T) => {
    await pause(3)
    return f()
  }
  return { get: k => late(() => under.get(k)), set: (k, v) => late(() => under.set(k, v)), delete: k => late(() => under.delete(k)) }
}

describe('the session', () => {
  let shop: Shop
  let proxy: Server
  let url: string
  let down = false
  const refreshes: string[] = []
  const open: Hutch<AppType>[] = []
  const connect = (storage: Storage = memory(), at = shop.url) => {
    const c = createClient<AppType>(at, { storage })
    open.push(c)
    return c
  }

  before(async () => {
    Object.defineProperty(globalThis.navigator, 'locks', { value: undefined, configurable: true }) // as on phones; browsers are tested with theirs
    shop = await openShop('serve', new URL('app', import.meta.url).pathname)
    proxy = createServer(async (req: IncomingMessage, res) => { // counts refreshes, and can be cut
      if (down) return void req.socket.destroy()
      const chunks: Buffer[] = []
      for await (const b of req) chunks.push(b as Buffer)
      if (req.url?.includes('refresh_token')) refreshes.push(Buffer.concat(chunks).toString())
      const headers = Object.fromEntries(Object.entries(req.headers).filter(([k]) => ['authorization', 'content-type'].includes(k))) as Record<string, string>
      const a = await fetch(shop.url + req.url, { method: req.method ?? 'GET', headers, ...(chunks.length > 0 && { body: Buffer.concat(chunks) }) })
      res.writeHead(a.status, { 'content-type': a.headers.get('content-type') ?? '' }).end(Buffer.from(await a.arrayBuffer()))
    })
    await new Promise<void>(r => proxy.listen(0, '127.0.0.1', r))
    url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  })
  afterEach(() => {
    mock.timers.reset()
    down = false
    refreshes.length = 0
  })
  after(async () => {
    for (const c of open) c.close()
    proxy.close()
    await shop?.stop()
  })

  it('is refreshed once for all callers and tabs', async () => {
    const storage = slow(memory())
    const tabs = [connect(storage, url)]
    await tabs[0]!.auth.signUp({ email: newEmail(), password })
    for (let i = 0; i < 4; i++) tabs.push(connect(storage, url))
    await Promise.all(tabs.map(t => t.auth.ready))
    const tokens = await Promise.all(tabs.flatMap(t => [t.auth.token({ fresh: true }), t.auth.token({ fresh: true }), t.auth.token({ fresh: true })]))
    assert.equal(new Set(tokens).size, 1)
    assert.ok(tokens[0])
    assert.equal(refreshes.length, 1)
  })

  it('tells the next sign-in that the device is known', async () => {
    const storage = memory()
    const email = newEmail()
    const c = connect(storage)
    await c.auth.signUp({ email, password })
    await c.auth.signOut()
    const kept = await storage.get(`hutch.session.${shop.url}.device`)
    assert.match(String(kept), /^v1\./)
    const sent: unknown[] = []
    const fetched = globalThis.fetch
    globalThis.fetch = (at, init) => {
      if (String(at).includes('grant_type=password')) sent.push(JSON.parse(String(init?.body)).device_token)
      return fetched(at, init)
    }
    try {
      await c.auth.signInWithPassword({ email, password })
    } finally {
      globalThis.fetch = fetched
    }
    assert.deepEqual(sent, [kept])
  })

  it('is kept by a storage that takes its time', async () => {
    const storage = slow(memory())
    const c = connect(storage)
    const { user } = await c.auth.signUp({ email: newEmail(), password })
    assert.equal((await connect(storage).auth.ready)?.uid, user.uid)
    await c.auth.signOut()
    assert.equal(await connect(storage).auth.ready, null)
  })

  it('outlasts a network that is gone, and ends when its refresh is refused', async () => {
    const storage = memory()
    const c = connect(storage, url)
    const { user } = await c.auth.signUp({ email: newEmail(), password })
    const why: string[] = []
    c.auth.onAuthStateChange((_, w) => void why.push(w))
    const token = await c.auth.token()
    down = true
    assert.equal(await c.auth.token({ fresh: true }), token, 'still good')
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 })
    await assert.rejects(c.auth.token(), e => HutchError.is(e, 'unavailable'))
    assert.equal(c.auth.user?.uid, user.uid)
    mock.timers.reset()
    down = false
    assert.ok(await c.auth.token({ fresh: true }))
    await fetch(shop.url + '/auth/v1/logout?scope=global', { method: 'POST', headers: { authorization: 'Bearer ' + await c.auth.token() } })
    assert.equal(await c.auth.token({ fresh: true }), null)
    assert.equal(c.auth.user, null)
    assert.equal(await connect(storage).auth.ready, null)
    await eventually('expired', () => why.includes('expired'))
  })

  for (const [what, ms] of [['ahead', 86_400_000], ['behind', -86_400_000]] as const) {
    it(`does not mind a clock that is a day ${what}`, async () => {
      mock.timers.enable({ apis: ['Date'], now: Date.now() + ms })
      const c = connect(memory(), url)
      await c.auth.signUp({ email: newEmail(), password })
      const token = await c.auth.token()
      assert.equal(await c.auth.token(), token)
      assert.equal(refreshes.length, 0, 'the token is as old as it is, whatever the clock says')
      mock.timers.setTime(Date.now() + 14.5 * 60_000)
      assert.notEqual(await c.auth.token(), token)
      assert.equal(refreshes.length, 1)
      assert.equal((await c.auth.identities()).length, 1)
    })
  }

  it('is asked for anew when the server does not take it', async () => {
    const storage = memory()
    const c = connect(storage, url)
    await c.auth.signUp({ email: newEmail(), password })
    const key = 'hutch.session.' + url
    const kept = JSON.parse(String(storage.get(key))) as { access_token: string }
    await storage.set(key, JSON.stringify({ ...kept, access_token: kept.access_token.slice(0, -4) + 'AAAA' }))
    const again = connect(storage, url)
    assert.equal((await again.auth.identities()).length, 1)
    assert.equal(refreshes.length, 1)
  })

  it('ends on the server when its token is over', async () => {
    const storage = memory()
    const c = connect(storage, url)
    const { user } = await c.auth.signUp({ email: newEmail(), password })
    const other = connect(memory(), url)
    await other.auth.signInWithPassword({ email: user.email as string, password })
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 })
    await c.auth.signOut()
    mock.timers.reset()
    assert.equal((await other.auth.sessions()).length, 1)
  })

  it('goes with its account', async () => {
    const storage = memory()
    const c = connect(storage)
    const { user } = await c.auth.signUp({ email: newEmail(), password })
    await c.auth.deleteUser()
    assert.deepEqual([c.auth.user, await c.auth.token(), await connect(storage).auth.ready], [null, null, null])
    await assert.rejects(c.auth.signInWithPassword({ email: user.email as string, password }), e => HutchError.is(e, 'invalid_credentials'))
  })

  it('lets one in at a time without Web Locks, and whoever comes after one that died', async () => {
    const storage = slow(memory())
    let inside = 0
    await Promise.all(Array.from({ length: 4 }, () => exclusively(storage, 'x', async () => {
      assert.equal(++inside, 1)
      await pause(5)
      inside--
    })))
    await storage.set('x.lease', 'dead ' + (Date.now() - 1))
    assert.equal(await exclusively(storage, 'x', async () => 7), 7)
    assert.equal(await storage.get('x.lease'), undefined)
  })
})

describe('a flow', () => {
  it('challenges with SHA-256, with and without crypto.subtle', async t => {
    for (let n = 0; n < 200; n++) {
      const text = randomBytes(n).toString('hex').slice(0, n)
      assert.equal(Buffer.from(sha256(text)).toString('hex'), createHash('sha256').update(text).digest('hex'))
    }
    assert.equal(Buffer.from(sha256('abc')).toString('hex'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    const rfc = ['dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'] as const // RFC 7636, appendix B
    assert.equal(await challengeOf(rfc[0]), rfc[1])
    t.mock.getter(crypto, 'subtle', () => undefined as never)
    assert.equal(await challengeOf(rfc[0]), rfc[1])
  })

  it('is given once, and only to who began it', async () => {
    const flows = new Flows(slow(memory()), 'flows')
    const begun = await flows.begin('oauth', 'shop://auth?a=1&a=2#/cart')
    assert.equal(begun?.redirect_to, `shop://auth?a=1&a=2&hutch_flow=${begun?.id}`)
    const given = await Promise.all(Array.from({ length: 20 }, () => flows.take(begun?.id as string)))
    assert.equal(given.filter(Boolean).length, 1)
    assert.deepEqual([given.find(Boolean)?.hash, given.find(Boolean)?.type], ['#/cart', 'oauth'])
    for (const id of ['', 'x', '__proto__', 'constructor']) assert.equal(await flows.take(id), undefined)
    assert.equal(await flows.begin('oauth'), undefined, 'nowhere to come back to')
  })

  it('is forgotten when it is old, and when there are many', async () => {
    const flows = new Flows(memory(), 'flows')
    const old = await flows.begin('signup', 'shop://auth', 'a@b.test')
    assert.ok(await flows.verifierOf('a@b.test'))
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_001 })
    assert.equal(await flows.verifierOf('a@b.test'), undefined)
    assert.equal(await flows.take(old?.id as string), undefined)
    mock.timers.reset()
    const ids: string[] = []
    for (let i = 0; i < 12; i++) ids.push((await flows.begin('oauth', 'shop://auth'))?.id as string)
    assert.equal(await flows.take(ids[0] as string), undefined)
    assert.ok(await flows.take(ids[11] as string))
  })

  it('reads and cleans the address it came back to', () => {
    assert.equal(cameBack('https://shop.example/?code=abc&state=x'), null)
    assert.equal(cameBack('https://shop.example/#hutch_flow=a&code=b'), null, 'tokens behind # are nobody\'s')
    const came = cameBack('https://shop.example/a?x=1&hutch_flow=f&code=c%2Bd&x=%20&y#/cart?code=1')
    assert.deepEqual([came?.id, came?.code, came?.error, came?.clean], ['f', 'c+d', undefined, 'https://shop.example/a?x=1&x=%20&y#/cart?code=1'])
    const failed = cameBack('shop://auth?error=access_denied&error_code=bad_oauth_callback&error_description=nobody+came&hutch_flow=f')
    assert.ok(HutchError.is(failed?.error, 'bad_oauth_callback'))
    assert.deepEqual([failed?.error?.message, failed?.clean], ['nobody came', 'shop://auth'])
    assert.equal(cameBack('https://shop.example/?hutch_flow=f&code=%zz')?.code, '%zz')
  })

  it('asks to come back to an address that every program reads alike', async () => {
    const flows = new Flows(memory(), 'flows')
    const begun = await flows.begin('oauth', 'https://shop.example/ä?q={a|b}^`"<>\\ c')
    assert.match(begun?.redirect_to as string, /^[!-~]+$/)
    assert.doesNotMatch(begun?.redirect_to as string, /["<>\\^`{|}#]/)
    assert.equal(decodeURIComponent((begun?.redirect_to as string).split('&hutch_flow')[0] as string), 'https://shop.example/ä?q={a|b}^`"<>\\ c')
  })
})
