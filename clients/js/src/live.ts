import type { Change, Live, Result, System } from './types.ts'
import type { Doc, DocChange, Frame, Socket } from './socket.ts'
import type { WireQuery } from './query.ts'
import { HutchError } from './error.ts'
import { textOf } from './query.ts'
import { encode } from './values.ts'

const lingerMs = 5000
const seenMs = 5000

type Listener = (r: Result<Doc[]>) => void

/** One query's rows as the server last showed them. */
class State {
  readonly id: number
  readonly wire: WireQuery
  readonly listeners = new Set<Listener>()
  q: string | undefined
  rows: Doc[] = []
  incoming: Doc[] | undefined
  result: Result<Doc[]> = { data: [], status: 'loading', hasMore: false, changes: [] }
  timer: ReturnType<typeof setTimeout> | undefined

  constructor(id: number, wire: WireQuery) {
    this.id = id
    this.wire = wire
  }

  show(r: Partial<Result<Doc[]>>): void {
    const { error: _, ...rest } = this.result
    this.result = { ...rest, changes: [], ...r }
    for (const f of [...this.listeners]) f(this.result)
  }
}

/** All live queries of a client, over its one socket. */
export class LiveQueries {
  private readonly states = new Map<string, State>()
  private readonly byId = new Map<number, State>()
  private pending: Extract<Frame, { t: 'delta' }>[] = []
  private waiting: { v: string; done: () => void }[] = []
  private nextId = 1
  private epoch = ''
  private uid: string | null | undefined
  private rights = ''
  private blind = 0 // answers to `auth` that must come before frames are for today's user
  socket!: Socket

  live(wire: WireQuery): Live<System[]> {
    const text = textOf(wire)
    const peek = () => this.states.get(text)
    const subscribe = (f: Listener) => this.subscribe(text, wire, f)
    const empty: Result<Doc[]> = { data: [], status: 'loading', hasMore: false, changes: [] }
    const handle = {
      get current() {
        return peek()?.result ?? empty
      },
      subscribe,
      get ready(): Promise<Doc[]> {
        return new Promise((done, fail) => {
          let stop: (() => void) | undefined
          let over = false
          stop = subscribe(r => {
            if (over || r.status === 'loading' || r.status === 'stale') return
            over = true
            queueMicrotask(() => stop?.())
            if (r.status === 'error') fail(r.error)
            else done(r.data)
          })
        })
      },
    }
    return handle as unknown as Live<System[]>
  }

  private subscribe(text: string, wire: WireQuery, f: Listener): () => void {
    let s = this.states.get(text)
    if (!s || s.result.status === 'error' && s.listeners.size === 0) {
      if (s) this.forget(text, s)
      s = new State(this.nextId++, wire)
      this.states.set(text, s)
      this.byId.set(s.id, s)
      this.ask([s])
      this.socket.want()
    }
    const state = s
    clearTimeout(state.timer)
    const own: Listener = r => f(r) // the same function may subscribe twice
    state.listeners.add(own)
    own(state.result)
    return () => {
      if (!state.listeners.delete(own) || state.listeners.size > 0) return
      state.timer = setTimeout(() => this.forget(text, state), lingerMs)
      ;(state.timer as { unref?: () => void }).unref?.()
    }
  }

  private forget(text: string, s: State): void {
    clearTimeout(s.timer)
    if (this.states.get(text) === s) this.states.delete(text)
    this.byId.delete(s.id)
    this.socket.send({ t: 'unsub', id: s.id })
    if (this.states.size === 0) this.socket.unwant()
  }

  private ask(states: State[]): void {
    for (const s of states) s.q = s.incoming = undefined
    if (states.length > 0) this.socket.send({ t: 'sub', subs: states.map(s => ({ id: s.id, query: s.wire })) })
  }

  /** Resolves when the live queries are at or past a write. */
  seen(v: string | null): Promise<void> {
    // Unconnected, the snapshot to come is later than the write.
    if (v === null || !this.socket.open || ![...this.states.values()].some(s => s.result.status !== 'error')) return Promise.resolve()
    return new Promise(resolve => {
      const timer = setTimeout(() => done(), seenMs)
      const done = () => {
        clearTimeout(timer)
        this.waiting = this.waiting.filter(w => w !== waiter)
        resolve()
      }
      const waiter = { v, done }
      this.waiting.push(waiter)
      this.socket.send({ t: 'sync', v })
    })
  }

  /** A token came, or went. Rows of another user are gone before the next callback. */
  token(token: string | null, uid: string | null, rights: string): void {
    const other = this.uid !== undefined && this.uid !== uid
    const may = other || this.rights !== rights // what was refused may be answered now
    this.uid = uid
    this.rights = rights
    this.socket.authenticate(token)
    if (!may) return
    if (other) {
      this.blind = this.socket.unanswered
      this.pending = []
    }
    const over: State[] = []
    for (const s of this.states.values()) {
      if (s.result.status === 'error') over.push(s) // the server binds the others anew by itself
      else if (!other) continue
      s.rows = []
      s.incoming = undefined
      s.show({ data: [], status: 'loading', hasMore: false })
    }
    this.ask(over)
  }

  opened(epoch: string): void {
    if (epoch !== this.epoch) for (const w of [...this.waiting]) w.done() // positions of another epoch say nothing
    this.epoch = epoch
    this.blind = this.socket.unanswered
    this.pending = []
    const states = [...this.states.values()]
    for (let i = 0; i < states.length; i += 50) this.ask(states.slice(i, i + 50))
    for (const w of this.waiting) this.socket.send({ t: 'sync', v: w.v })
  }

  closed(): void {
    this.pending = []
    for (const s of this.states.values()) {
      s.incoming = undefined
      if (s.result.status === 'live') s.show({ status: 'stale' })
    }
  }

  refused(error: HutchError): void {
    for (const s of this.states.values()) s.show({ status: 'error', error })
  }

  frame(f: Frame): void {
    if (f.t === 'auth') {
      if (this.blind > 0) this.blind--
      return
    }
    if (this.blind > 0) return
    switch (f.t) {
      case 'subbed': {
        const s = this.byId.get(f.id)
        if (!s) return
        if (f.resume && s.q !== f.q) this.share(s, f.q)
        s.q = f.q
        return
      }
      case 'snap':
        return this.snap(f)
      case 'delta':
        this.pending.push(f)
        if (f.end) this.apply()
        return
      case 'commit':
        for (const w of [...this.waiting]) if (w.v <= f.v) w.done()
        return
      case 'reset':
        for (const s of this.of(f.q)) if (s.result.status === 'live') s.show({ status: 'stale' })
        return
      case 'end': {
        const s = this.byId.get(f.id)
        if (!s) return
        s.q = undefined
        s.rows = []
        s.show({ data: [], status: 'error', hasMore: false, error: new HutchError(f.code, f.message) })
      }
    }
  }

  /** The group is known on this socket: its rows are those of the query that has it. */
  private share(s: State, q: string): void {
    const other = this.of(q)[0]
    if (!other || other.incoming) return // its snapshot is under way and will be for both
    s.rows = other.rows
    s.show({ data: s.rows, status: 'live', hasMore: other.result.hasMore })
  }

  private of(q: string): State[] {
    return [...this.states.values()].filter(s => s.q === q)
  }

  private snap(f: Extract<Frame, { t: 'snap' }>): void {
    for (const s of this.of(f.q)) {
      s.incoming ??= []
      s.incoming.push(...f.docs)
      if (!f.last) continue
      const before = new Map(s.rows.map(d => [d._id, d]))
      const changes: Change[] = []
      s.rows = s.incoming.map((d, at) => {
        const old = before.get(d._id)
        before.delete(d._id)
        if (old?._version === d._version && encode(old) === encode(d)) return old // unchanged rows keep their identity
        changes.push({ type: old ? 'changed' : 'added', id: d._id, at })
        return d
      })
      for (const id of before.keys()) changes.push({ type: 'removed', id })
      s.incoming = undefined
      s.show({ data: s.rows, status: 'live', hasMore: f.more ?? false, changes })
    }
  }

  /** A commit's frames are complete: all queries move at once. */
  private apply(): void {
    const moved = new Map<State, { changes: Change[]; more?: boolean }>()
    for (const f of this.pending) {
      for (const s of this.of(f.q)) {
        const m = moved.get(s) ?? { changes: [] }
        if (!moved.has(s)) s.rows = s.rows.slice()
        moved.set(s, m)
        for (const c of f.ch) m.changes.push(...change(s, c))
        if (f.more !== undefined) m.more = f.more
      }
    }
    this.pending = []
    for (const [s, m] of moved) {
      const hasMore = m.more ?? s.result.hasMore
      s.result = { data: s.rows, status: 'live', hasMore, changes: m.changes }
    }
    for (const s of moved.keys()) for (const f of [...s.listeners]) f(s.result)
  }
}

function change(s: State, c: DocChange): Change[] {
  const id = c.op === 'set' ? c.doc._id : c.id
  const old = s.rows.findIndex(d => d._id === id)
  if (old >= 0) s.rows.splice(old, 1)
  if (c.op !== 'set') return old >= 0 ? [{ type: 'removed', id }] : []
  const at = c.at ?? place(s.rows, id)
  s.rows.splice(at, 0, c.doc)
  return [{ type: old >= 0 ? 'changed' : 'added', id, at }]
}

/** Where an id stands in rows that are in the order of their ids' bytes. */
function place(rows: Doc[], id: string): number {
  let lo = 0
  let hi = rows.length
  while (lo < hi) {
    const mid = (lo + hi) >> 1
    if (before((rows[mid] as Doc)._id, id)) lo = mid + 1
    else hi = mid
  }
  return lo
}

/** Order of UTF-8 bytes, which is that of code points. */
function before(a: string, b: string): boolean {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    let x = a.charCodeAt(i)
    let y = b.charCodeAt(i)
    if (x === y) continue
    if (x >= 0xd800 && y >= 0xd800) { // surrogates stand for code points above all others
      x += x < 0xe000 ? 0x2000 : -0x800
      y += y < 0xe000 ? 0x2000 : -0x800
    }
    return x < y
  }
  return a.length < b.length
}
