import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createServer, type Server } from 'node:http'
import { connect as connectWire, createServer as createWire, type AddressInfo, type Socket } from 'node:net'
import { createClient, HutchError, type Hutch, type Result } from '../src/index.ts'
import { eventually, newEmail, openShop, password, type Shop } from '../../../internal/e2e/browser/shop.ts'
import { memory } from './memory.ts'

interface App {
  collections: { notes: { doc: { text: string; public?: boolean; n?: number; at?: Date; raw?: Uint8Array; big?: bigint; by: string }; preset: 'by'; immutable: 'by' } }
  functions: { echo: { in: unknown; out: { data: any; uid: string | null } }; fail: { in: null; out: never } }
}

describe('the client against a real server', () => {
  let shop: Shop
  const open: Hutch<App>[] = []
  const connect = (storage = memory(), url = shop.url) => {
    const c = createClient<App>(url, { storage })
    open.push(c)
    return c
  }
  const signedIn = async () => {
    const c = connect()
    await c.auth.signUp({ email: newEmail(), password })
    return c
  }

  before(async () => {
    shop = await openShop('serve', new URL('app', import.meta.url).pathname)
  })
  after(async () => {
    for (const c of open) c.close()
    await shop?.stop()
  })

  it('signs up, in and out, and keeps the session in its storage', async () => {
    const storage = memory()
    const c = connect(storage)
    const seen: string[] = []
    c.auth.onAuthStateChange((u, why) => void seen.push(why + ':' + (u?.email === null ? 'unproven' : u?.uid ?? 'nobody')))
    assert.equal(c.auth.user, undefined)
    assert.equal(await c.auth.ready, null)
    const email = newEmail()
    const { user, confirm } = await c.auth.signUp({ email, password, profile: { name: 'Ann' } })
    assert.equal(confirm, false)
    assert.equal(user.profile.name, 'Ann')
    const again = connect(storage)
    assert.equal((await again.auth.ready)?.uid, user.uid)
    await c.auth.signOut()
    assert.equal(c.auth.user, null)
    await assert.rejects(c.auth.signInWithPassword({ email, password: 'not this one at all' }), e => HutchError.is(e, 'invalid_credentials'))
    assert.equal((await c.auth.signInWithPassword({ email, password })).uid, user.uid)
    assert.equal((await c.auth.update({ profile: { name: 'Anna' } })).profile.name, 'Anna')
    await eventually('the callbacks', () => seen.length >= 5)
    assert.deepEqual(seen.map(s => s.split(':')[0]), ['initial', 'in', 'out', 'in', 'changed'])
  })

  it('gives rows with dates, bytes and big integers as they were', async () => {
    const c = await signedIn()
    const at = new Date('2026-05-06T07:08:09.010Z')
    const made = await c.collection('notes').create({ text: 'a', at, raw: new Uint8Array([1, 2, 255]), big: 2n ** 60n, n: 5 })
    assert.equal(made.by, c.auth.user?.uid)
    const got = await c.collection('notes').get(made._id)
    assert.deepEqual(got?.at, at)
    assert.deepEqual(got?.raw, new Uint8Array([1, 2, 255]))
    assert.equal(got?.big, 2n ** 60n)
    assert.ok(got?._createdAt instanceof Date)
    assert.equal(await connect().collection('notes').get(made._id), null)
    assert.equal(await c.collection('notes').get('nothing'), null)
  })

  it('updates, sets, deletes, and guards', async () => {
    const c = await signedIn()
    const notes = c.collection('notes')
    const a = await notes.create({ text: 'a', n: 1 })
    const b = await notes.update(a._id, { $inc: { n: 2 } })
    assert.equal(b.n, 3)
    await assert.rejects(notes.update(a._id, { text: 'x' }, { if: { text: 'other' }, else: { code: 'failed_precondition', message: 'moved on', details: { a: 1 } } }),
      e => HutchError.is(e, 'failed_precondition') && e.message === 'moved on' && e.reason === 'guard')
    await assert.rejects(notes.update(a._id, { text: 'x' }, { ifVersion: a._version }), e => HutchError.is(e) && e.reason === 'version')
    assert.equal((await notes.update(a._id, { text: 'y' }, { ifVersion: b._version })).text, 'y')
    assert.equal((await notes.set(a._id, { text: 'whole' })).n, undefined)
    await notes.delete(a._id)
    assert.equal(await notes.get(a._id), null)
    const one = c.newId()
    await c.batch().create('notes', { _id: one, text: '1' }).create('notes', { text: '2' }).commit()
    await assert.rejects(c.batch().update('notes', one, { text: 'changed' }).create('notes', { _id: one, text: 'taken' }).commit(), e => HutchError.is(e, 'already_exists'))
    assert.equal((await notes.get(one))?.text, '1')
  })

  it('pages, counts and refuses', async () => {
    const c = await signedIn()
    const tag = c.newId()
    for (let n = 0; n < 5; n++) await c.collection('notes').create({ text: tag, n })
    const q = c.collection('notes').where({ text: tag }).orderBy('-n').limit(2)
    const first = await q.find({ count: true })
    assert.deepEqual([first.docs.map(d => d.n), first.count], [[4, 3], 5])
    const second = await q.find({ after: first.next })
    assert.deepEqual(second.docs.map(d => d.n), [2, 1])
    assert.equal(await q.count(), 5)
    assert.equal((await q.first())?.n, 4)
    const bad = c.collection('notes').where({ $where: '1' } as never)
    await assert.rejects(bad.find(), e => HutchError.is(e, 'invalid_argument') && e.field !== undefined)
    await assert.rejects(connect().collection('nowhere' as 'notes').find(), e => HutchError.is(e, 'unauthenticated'))
  })

  it('calls functions and own routes', async () => {
    const c = await signedIn()
    const when = new Date()
    const { data, uid } = await c.call('echo', { when, list: [1, 2.5, 'x'], none: null })
    assert.deepEqual(data, { when, list: [1, 2.5, 'x'], none: null })
    assert.equal(uid, c.auth.user?.uid)
    await assert.rejects(c.call('fail', null), e =>
      HutchError.is(e, 'failed_precondition') && e.field === 'when' && e.hint === 'tomorrow' && (e.details as { day: number }).day === 1)
    const res = await c.fetch('/api/hello')
    assert.deepEqual(await res.json(), { hello: c.auth.user?.uid })
    await assert.rejects(c.fetch('https://elsewhere.test/'), e => HutchError.is(e, 'invalid_argument'))
    await assert.rejects(c.fetch('//elsewhere.test/'), e => HutchError.is(e, 'invalid_argument'))
  })

  it('keeps queries live, shows own writes at once, and empties them when the user goes', async () => {
    const [ann, bob] = [await signedIn(), await signedIn()]
    const tag = ann.newId()
    const q = ann.collection('notes').where({ text: tag }).orderBy('n')
    const results: Result<unknown[]>[] = []
    const stop = q.live().subscribe(r => results.push(r))
    assert.deepEqual(await q.live().ready, [])
    const made = await ann.collection('notes').create({ text: tag, n: 2 })
    assert.deepEqual(q.live().current.data.map(d => d.n), [2], 'own writes are seen after await')
    const kept = q.live().current.data[0]
    await ann.collection('notes').create({ text: tag, n: 1 })
    assert.deepEqual(q.live().current.data.map(d => d.n), [1, 2])
    assert.equal(q.live().current.data[1], kept, 'unchanged rows keep their identity')
    assert.deepEqual(q.live().current.changes.map(c => [c.type, c.at]), [['added', 0]])
    await bob.collection('notes').create({ text: tag, n: 3 }) // not for Ann
    await bob.collection('notes').create({ text: tag, n: 4, public: true })
    await eventually('the public note', () => q.live().current.data.length === 3)
    const one = ann.collection('notes').doc(made._id).live()
    assert.equal((await one.ready)?.n, 2)
    await ann.collection('notes').delete(made._id)
    assert.deepEqual(q.live().current.data.map(d => d.n), [1, 4])
    await eventually('null', () => one.current.data === null)
    const before = results.length
    await ann.auth.signOut()
    assert.deepEqual([results[before]?.data.length, results[before]?.status], [0, 'loading'], 'the rows of the former user are gone first')
    await eventually('what a guest may see', () => q.live().current.status === 'live' && q.live().current.data.length === 1)
    stop()
    assert.ok(results.every(r => r.status !== 'error'))
  })

  it('ends live queries that the rules refuse, and opens them for whoever comes next', async () => {
    const c = connect()
    const live = c.collection('nowhere' as 'notes').live()
    await assert.rejects(live.ready, e => HutchError.is(e, 'unauthenticated'))
    assert.equal(live.current.status, 'error')
  })

  it('reconnects without a gap', async () => {
    const cut = new Set<Socket>()
    const to = Number(new URL(shop.url).port)
    const wire = createWire(down => { // a network that can be cut
      const up = connectWire(to, '127.0.0.1')
      for (const s of [down, up]) {
        cut.add(s)
        s.on('error', () => {})
        s.on('close', () => {
          cut.delete(s)
          down.destroy()
          up.destroy()
        })
      }
      down.pipe(up).pipe(down)
    })
    await new Promise<void>(r => wire.listen(0, '127.0.0.1', r))
    const ann = await signedIn()
    const url = `http://localhost:${(wire.address() as AddressInfo).port}`
    const c = createClient<App>(url, { token: () => ann.auth.token() })
    const tag = c.newId()
    const live = c.collection('notes').where({ text: tag }).live()
    const states: string[] = []
    const stop = live.subscribe(r => states.push(r.status))
    await live.ready
    await c.collection('notes').create({ text: tag, n: 1 })
    const kept = live.current.data[0]
    for (const s of [...cut]) s.destroy()
    await eventually('stale', () => live.current.status === 'stale')
    assert.equal(live.current.data[0], kept, 'data as last seen')
    await ann.collection('notes').create({ text: tag, n: 2 })
    await eventually('what happened meanwhile', () => live.current.status === 'live' && live.current.data.length === 2)
    assert.equal(live.current.data.find(d => d.n === 1), kept, 'unchanged rows keep their identity')
    assert.deepEqual([...new Set(states)], ['loading', 'live', 'stale'])
    stop()
    c.close()
    for (const s of [...cut]) s.destroy()
    wire.close()
  })

  it('asks again under one key when an answer is lost', async () => {
    const c = await signedIn()
    const seen: string[] = []
    let lose = 2
    const proxy: Server = createServer(async (req, res) => { // drops the first answers of a write
      const chunks: Buffer[] = []
      for await (const b of req) chunks.push(b as Buffer)
      const headers = Object.fromEntries(Object.entries(req.headers).filter(([k]) => ['authorization', 'content-type', 'idempotency-key'].includes(k))) as Record<string, string>
      const body = chunks.length ? Buffer.concat(chunks) : undefined
      const a = await fetch(shop.url + req.url, { method: req.method ?? 'GET', headers, ...(body && { body }) })
      if (req.url?.startsWith('/data') && req.method === 'POST') {
        seen.push(headers['idempotency-key'] ?? '')
        if (lose-- > 0) return void req.socket.destroy()
      }
      res.writeHead(a.status, Object.fromEntries(a.headers)).end(Buffer.from(await a.arrayBuffer()))
    })
    await new Promise<void>(r => proxy.listen(0, '127.0.0.1', r))
    const through = createClient<App>(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, { token: () => c.auth.token() })
    const text = c.newId()
    await through.collection('notes').create({ text })
    assert.equal(new Set(seen).size, 1)
    assert.equal(seen.length, 3)
    assert.equal(await c.collection('notes').where({ text }).count(), 1)
    through.close()
    proxy.close()
  })

  it('says what failed', async () => {
    const nobody = connect(memory(), 'http://127.0.0.1:9')
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 100)
    await assert.rejects(nobody.collection('notes').find({ signal: stop.signal }), e => HutchError.is(e, 'cancelled'))
    const page: Server = createServer((_, res) => res.writeHead(502).end('<h1>Bad gateway</h1>'))
    await new Promise<void>(r => page.listen(0, '127.0.0.1', r))
    const c = connect(memory(), `http://127.0.0.1:${(page.address() as AddressInfo).port}`)
    await assert.rejects(c.auth.signInWithPassword({ email: 'a@b.test', password }), e =>
      HutchError.is(e, 'unavailable') && (e.details as { status: number }).status === 502)
    page.close()
    await assert.rejects(connect().collection('notes').create({ text: 'x', n: NaN }), e => HutchError.is(e, 'invalid_argument') && e.field === 'n')
  })

  it('sends the headers it was given, with all it asks; those of one fetch come first', async () => {
    const seen: (string | string[] | undefined)[] = []
    const echo: Server = createServer((req, res) => {
      seen.push(req.headers['x-desk'])
      res.writeHead(200, { 'content-type': 'application/json' }).end('{"docs":[],"next":null,"result":null}')
    })
    await new Promise<void>(r => echo.listen(0, '127.0.0.1', r))
    const c = createClient<App>(`http://127.0.0.1:${(echo.address() as AddressInfo).port}`, { storage: memory(), token: async () => null, headers: { 'X-Desk': '1' } })
    open.push(c)
    await c.collection('notes').find()
    await c.call('echo', {})
    await c.fetch('/own')
    await c.fetch('/own', { headers: { 'x-desk': '2' } })
    echo.close()
    assert.deepEqual(seen, ['1', '1', '1', '2'])
  })

  it('shares one refresh, and signs out only when that is refused', async () => {
    const c = await signedIn()
    const [a, b] = await Promise.all([c.auth.token({ fresh: true }), c.auth.token({ fresh: true })])
    assert.equal(a, b)
    const why: string[] = []
    c.auth.onAuthStateChange((_, w) => void why.push(w))
    const other = connect()
    await other.auth.ready
    await fetch(shop.url + '/auth/v1/logout?scope=global', { method: 'POST', headers: { authorization: 'Bearer ' + a } })
    await assert.rejects(c.collection('notes').create({ text: 'late' }), e => HutchError.is(e, 'unauthenticated'))
    assert.equal(c.auth.user, null)
    await eventually('expired', () => why.includes('expired'))
  })
})
