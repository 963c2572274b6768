import { type Doc, idOf, versionOf } from './values.ts'

/** One page of a query, as the server answers it. */
export interface Answer { docs: Doc[]; next: string | null }
export type Fetch = (after: string | undefined, limit: number, signal: AbortSignal, idsOnly: boolean) => Promise<Answer>

export const pageSize = 100
const stride = 1000 // documents a request reads on the way to a far page
const kept = 30 // pages in memory

/** What the table draws; a new object whenever something changed. */
export interface View {
  /** Rows known to exist, or expected: the table's length. */
  total: number
  /** Whether the end was seen, so that total is exact. */
  ended: boolean
  loading: boolean
  /** How far reading ahead has come on its way to a far page. */
  reading: number | undefined
  error: unknown
  generation: number
}

/**
 * The rows of one query, of which only those near the window are in memory.
 * Cursors only lead forwards, so that a far page is reached by reading what lies
 * between, once: the cursors met are kept.
 */
export class Rows {
  private readonly fetch: Fetch
  private readonly cursorOf: ((d: Doc) => string) | undefined
  private readonly cursors = new Map<number, string | undefined>([[0, undefined]]) // by page
  private readonly pages = new Map<number, Doc[]>() // in order of use
  private readonly listeners = new Set<() => void>()
  private wanted: [number, number] = [0, 0]
  private running: AbortController | undefined
  private closed = false
  private furthest = 0 // the last page whose beginning is known
  private end: number | undefined // rows in all, once seen
  private expected: number
  view: View

  /** cursorOf gives the cursor behind a document, where the order is that of its id. */
  constructor(fetch: Fetch, expected = 0, cursorOf?: (d: Doc) => string) {
    this.fetch = fetch
    this.cursorOf = cursorOf
    this.expected = expected
    this.view = { total: expected, ended: false, loading: true, reading: undefined, error: undefined, generation: 0 }
  }

  readonly subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f)
    return () => this.listeners.delete(f)
  }

  readonly snapshot = (): View => this.view

  row(i: number): Doc | undefined {
    return this.pages.get(Math.floor(i / pageSize))?.[i % pageSize]
  }

  /** Documents in memory, in the order of the query. */
  loaded(): Doc[] {
    return [...this.pages].sort((a, b) => a[0] - b[0]).flatMap(p => p[1])
  }

  find(id: string): { doc: Doc; index: number } | undefined {
    for (const [p, docs] of this.pages) {
      const i = docs.findIndex(d => idOf(d) === id)
      if (i >= 0) return { doc: docs[i] as Doc, index: p * pageSize + i }
    }
    return undefined
  }

  /** A count that came from elsewhere. */
  expect(total: number): void {
    if (total === this.expected) return
    this.expected = total
    this.show({})
  }

  /** The rows on screen; loads what is missing. */
  want(first: number, last: number): void {
    const [a, b] = [Math.floor(Math.max(0, first) / pageSize), Math.floor(Math.max(0, last) / pageSize)]
    this.wanted = [a, b]
    for (let p = a; p <= b; p++) this.touch(p)
    void this.run()
  }

  /** Reads what could not be read. */
  retry(): void {
    if (this.missing() === undefined) void this.refresh()
    else void this.run()
  }

  /** Reads the rows on screen again, in place; the way to those behind is forgotten where they moved. */
  async refresh(): Promise<void> {
    this.running?.abort()
    this.running = undefined
    const [a, b] = this.wanted
    const from = this.known(a)
    const before = new Map(this.pages)
    const abort = this.running = new AbortController()
    try {
      const docs: Doc[] = []
      let after = this.cursors.get(from)
      let ended = false
      while (docs.length < (b + 1 - from) * pageSize && !ended) {
        const got = await this.fetch(after, Math.min(stride, (b + 1 - from) * pageSize - docs.length), abort.signal, false)
        if (abort.signal.aborted) return
        docs.push(...got.docs)
        after = got.next ?? undefined
        ended = got.next === null
      }
      this.running = undefined
      for (const p of before.keys()) if (p >= from) this.pages.delete(p)
      const [old, now] = [before.get(b)?.at(-1), docs.at(-1)]
      const unmoved = docs.length === (b + 1 - from) * pageSize && old && now && idOf(old) === idOf(now) && versionOf(old) === versionOf(now)
      if (!unmoved) { // what lies behind has moved
        for (let p = from + 1; p <= this.furthest; p++) this.cursors.delete(p)
        this.furthest = Math.min(this.furthest, from)
        this.end = undefined
      }
      this.put(from, docs, after, ended)
      this.show({ error: undefined })
      void this.run()
    } catch (e) {
      if (this.running === abort) this.running = undefined // or nothing would be read any more
      if (!this.closed && !(e instanceof DOMException && e.name === 'AbortError')) this.show({ error: e, loading: false })
    }
  }

  /** A document as a write left it, in the place of the old one. */
  replace(doc: Doc): void {
    for (const docs of this.pages.values()) {
      const i = docs.findIndex(d => idOf(d) === idOf(doc))
      if (i >= 0) docs[i] = doc
    }
    this.show({})
  }

  open(): void {
    this.closed = false
  }

  close(): void {
    this.closed = true
    this.running?.abort()
    this.running = undefined
  }

  private touch(p: number): void {
    const docs = this.pages.get(p)
    if (!docs) return
    this.pages.delete(p)
    this.pages.set(p, docs)
  }

  /** The last page at or before p whose beginning is known. */
  private known(p: number): number {
    while (!this.cursors.has(p)) p--
    return p
  }

  private missing(): number | undefined {
    const last = this.end === undefined ? Infinity : Math.max(0, Math.ceil(this.end / pageSize) - 1)
    for (let p = this.wanted[0]; p <= Math.min(this.wanted[1], last); p++) if (!this.pages.has(p)) return p
    return undefined
  }

  private async run(): Promise<void> {
    if (this.running || this.closed || this.missing() === undefined && !this.view.loading) return
    const abort = this.running = new AbortController()
    try {
      for (let p = this.missing(); p !== undefined; p = this.missing()) {
        const from = this.known(p)
        const far = p - from >= stride / pageSize
        this.show({ loading: true, reading: far ? from * pageSize : undefined, error: undefined })
        const got = await this.fetch(this.cursors.get(from), far ? stride : (p - from + 1) * pageSize, abort.signal, far && this.cursorOf !== undefined)
        if (abort.signal.aborted) return
        // A page that ended early by its bytes is filled up, so that pages keep their size.
        const docs = got.docs
        let next = got.next
        while (next !== null && docs.length % pageSize !== 0) {
          const more = await this.fetch(next, pageSize - docs.length % pageSize, abort.signal, far && this.cursorOf !== undefined)
          if (abort.signal.aborted) return
          docs.push(...more.docs)
          next = more.next
        }
        this.put(from, docs, next ?? undefined, next === null, far && this.cursorOf !== undefined)
      }
      this.running = undefined
      this.show({ loading: false, reading: undefined })
    } catch (e) {
      if (this.running === abort) this.running = undefined
      if (!abort.signal.aborted) this.show({ error: e, loading: false, reading: undefined })
    }
  }

  /** Files documents that begin with page `from`. */
  private put(from: number, docs: Doc[], next: string | undefined, ended: boolean, idsOnly = false): void {
    for (let i = 0; i * pageSize < docs.length; i++) {
      if (!idsOnly) this.pages.set(from + i, docs.slice(i * pageSize, (i + 1) * pageSize))
      const before = docs[i * pageSize - 1]
      if (before && this.cursorOf) this.mark(from + i, this.cursorOf(before))
    }
    if (docs.length === 0 && !idsOnly) this.pages.set(from, [])
    if (ended) this.end = from * pageSize + docs.length
    else this.mark(from + Math.ceil(docs.length / pageSize), next)
    for (const p of this.pages.keys()) {
      if (this.pages.size <= kept) break
      if (p < this.wanted[0] - 1 || p > this.wanted[1] + 1) this.pages.delete(p)
    }
  }

  private mark(page: number, cursor: string | undefined): void {
    this.cursors.set(page, cursor)
    this.furthest = Math.max(this.furthest, page)
  }

  private show(v: Partial<View>): void {
    if (this.closed) return
    const seen = Math.max(0, ...[...this.pages].map(([p, d]) => p * pageSize + d.length))
    const more = this.furthest === 0 ? 0 : this.furthest * pageSize + 1
    const total = this.end ?? Math.max(this.expected, seen, more)
    this.view = { ...this.view, ...v, total, ended: this.end !== undefined, generation: this.view.generation + 1 }
    for (const f of [...this.listeners]) f()
  }
}
