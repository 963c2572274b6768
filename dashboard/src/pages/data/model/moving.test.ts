// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { body, chunks, commitAll, deletes, recreates, type Refusal, type Undoable, UndoStack, type Write } from './commits.ts'
import { cut, recordsIn } from './cut.ts'
import { Rows } from './rows.ts'
import { type Doc, idOf } from './values.ts'
import { parseDoc } from './wire.ts'

const doc = (i: number): Doc => parseDoc(`{"_id":"${String(i).padStart(7, '0')}","_version":1,"n":${i}}`)
const writes = (n: number): Write[] => deletes('pets', Array.from({ length: n }, (_, i) => doc(i)))
class Refused extends Error {
  readonly r: Refusal
  constructor(r: Refusal) {
    super(r.message)
    this.r = r
  }
}
const refused = (e: unknown): Refusal | undefined => e instanceof Refused ? e.r : undefined

describe('commits', () => {
  it('hold 500 writes', () => {
    expect(chunks(writes(500)).length).toBe(1)
    expect(chunks(writes(1001)).map(c => c.length)).toEqual([500, 500, 1])
  })

  it('hold 8 MiB', () => {
    const big = new Map([['t', 'x'.repeat(1 << 20)]])
    const list = Array.from({ length: 9 }, (_, i): Write => ({ op: 'create', in: 'pets', id: 'a' + i, data: big }))
    expect(chunks(list).map(c => c.length)).toEqual([3, 3, 3])
  })

  it('go on without a write that is refused, and report it', async () => {
    const sent: number[] = []
    const report = await commitAll(writes(600), async c => {
      sent.push(c.length)
      const i = c.findIndex(w => Number(w.id) % 200 === 7)
      if (i >= 0) throw new Refused({ code: 'not_found', message: 'gone', field: `writes[${i}].id` })
    }, refused, () => {})
    expect(report.failed.map(f => [Number(f.id), f.code])).toEqual([[7, 'not_found'], [207, 'not_found'], [407, 'not_found']])
    expect(report.done.length).toBe(597)
    expect(report.stopped).toBeUndefined()
    expect(sent).toEqual([500, 499, 498, 497, 100])
  })

  it('stop at an error that speaks of no write', async () => {
    const report = await commitAll(writes(600), async c => {
      if (c.length < 500) throw new Refused({ code: 'unavailable', message: 'no disk' })
    }, refused, () => {})
    expect([report.done.length, report.stopped]).toEqual([500, 'no disk'])
  })

  it('are written with types and without system fields', () => {
    const d = parseDoc('{"_id":"a","_version":3,"p":5.0}')
    expect(body(recreates('pets', [d]))).toBe('{"writes":[{"op":"create","in":"pets","id":"a","data":{"p":5.0}}]}')
    expect(body(deletes('pets', [d]))).toBe('{"writes":[{"op":"delete","in":"pets","id":"a","ifVersion":3}]}')
  })

  it('of deletes are taken back last first, each once', () => {
    const s = new UndoStack()
    const gone: string[] = []
    const of = (from: string): Undoable => ({ from, docs: [], gone: () => void gone.push(from) })
    const [a, b] = [of('a'), of('b')]
    s.push(a)
    s.push(b)
    expect(s.last()).toBe(b)
    expect([s.take(b), s.take(b)]).toEqual([true, false])
    expect(s.last()).toBe(a)
    expect(gone).toEqual(['b'])
    for (let i = 0; i < 20; i++) s.push(of('more'))
    expect(gone).toEqual(['b', 'a']) // twenty are kept
    expect(s.take(a)).toBe(false)
  })
})

describe('a file', () => {
  const parts = async (text: string, size: number, csv: boolean) => {
    const out: { text: string; line: number }[] = []
    for await (const p of cut(new Blob([text]), size, csv)) out.push({ text: new TextDecoder().decode(p.bytes), line: p.line })
    return out
  }

  it('is cut at ends of lines, and loses nothing', async () => {
    const text = Array.from({ length: 100 }, (_, i) => `{"n":${i},"t":"${'é'.repeat(i)}"}`).join('\n')
    for (const size of [1, 7, 64, 1000, 100_000]) {
      const got = await parts(text, size, false)
      expect(got.map(p => p.text).join('')).toBe(text)
      for (const p of got.slice(0, -1)) expect(p.text.endsWith('\n')).toBe(true)
      for (const p of got) expect(text.split('\n')[p.line - 1]).toBe(p.text.split('\n')[0])
    }
  })

  it('of CSV is not cut inside quotes', async () => {
    const got = await parts('a,b\n1,"x\ny\n""z"""\n2,w\n', 5, true)
    expect(got.map(p => p.text)).toEqual(['a,b\n', '1,"x\ny\n""z"""\n', '2,w\n'])
    expect(got.map(p => p.line)).toEqual([1, 2, 5])
    expect(recordsIn(new TextEncoder().encode('"a\nb",c\n1,2\n'), true)).toBe(2)
    expect(recordsIn(new TextEncoder().encode('{"a":"\\""}\n{}\n'), false)).toBe(2)
  })

  it('that is empty has no parts', async () => expect(await parts('', 10, true)).toEqual([]))
})

describe('rows', () => {
  const all = (n: number) => Array.from({ length: n }, (_, i) => doc(i))
  const store = (docs: Doc[], early = Infinity) => {
    const asked: { after: string | undefined; limit: number }[] = []
    const fetch = async (after: string | undefined, limit: number) => {
      asked.push({ after, limit })
      const from = after === undefined ? 0 : docs.findIndex(d => idOf(d) > after)
      const page = from < 0 ? [] : docs.slice(from, from + Math.min(limit, early))
      const last = page.at(-1)
      return { docs: page, next: last && last !== docs.at(-1) ? idOf(last) : null }
    }
    return { asked, fetch }
  }
  const settled = (r: Rows) => new Promise<void>(done => {
    const look = () => r.view.loading ? undefined : (stop(), done())
    const stop = r.subscribe(look)
    look()
  })

  it('come by pages as they are wanted', async () => {
    const s = store(all(250))
    const r = new Rows(s.fetch)
    r.want(0, 20)
    await settled(r)
    expect(s.asked).toEqual([{ after: undefined, limit: 100 }])
    expect([r.view.total, r.view.ended]).toEqual([101, false])
    r.want(90, 110)
    await settled(r)
    expect(idOf(r.row(105)!)).toBe('0000105')
    r.want(200, 249)
    await settled(r)
    expect([r.view.total, r.view.ended]).toEqual([250, true])
  })

  it('far away are reached by long strides, and those between are forgotten', async () => {
    const s = store(all(50_000))
    const r = new Rows(s.fetch, 50_000)
    r.want(0, 30)
    await settled(r)
    r.want(49_970, 49_999)
    await settled(r)
    expect(idOf(r.row(49_999)!)).toBe('0049999')
    expect(s.asked.length).toBeLessThan(56)
    expect(r.loaded().length).toBeLessThanOrEqual(3000)
    const before = s.asked.length
    r.want(20_000, 20_030)
    await settled(r)
    expect(idOf(r.row(20_005)!)).toBe('0020005')
    expect(s.asked.length - before).toBe(1) // the way there is known
  })

  it('are read on after a refresh that failed', async () => {
    const s = store(all(250))
    let down = false
    const r = new Rows((after, limit) => down ? Promise.reject(new Error('away')) : s.fetch(after, limit))
    r.want(0, 20)
    await settled(r)
    down = true
    await r.refresh()
    expect(r.view.error).toBeInstanceOf(Error)
    down = false
    r.want(90, 110)
    await settled(r)
    expect(idOf(r.row(105)!)).toBe('0000105')
  })

  it('in the order of ids are reached by ids alone', async () => {
    const s = store(all(50_000))
    const full: number[] = []
    const r = new Rows(async (after, limit, _, idsOnly) => {
      if (!idsOnly) full.push(limit)
      return s.fetch(after, limit)
    }, 50_000, idOf)
    r.want(49_970, 49_999)
    await settled(r)
    expect(idOf(r.row(49_999)!)).toBe('0049999')
    expect(full.reduce((a, b) => a + b)).toBeLessThanOrEqual(1000)
    r.want(31_234, 31_260)
    await settled(r)
    expect(idOf(r.row(31_240)!)).toBe('0031240')
    expect(full.at(-1)).toBe(100) // each page's beginning is known
  })

  it('keep their places when pages end early', async () => {
    const s = store(all(1000), 30)
    const r = new Rows(s.fetch)
    r.want(0, 250)
    await settled(r)
    expect([0, 99, 100, 250].map(i => idOf(r.row(i)!))).toEqual(['0000000', '0000099', '0000100', '0000250'])
  })

  it('are read again in place', async () => {
    const docs = all(300)
    const s = store(docs)
    const r = new Rows(s.fetch)
    r.want(0, 150)
    await settled(r)
    docs.splice(5, 1)
    await r.refresh()
    await settled(r)
    expect(idOf(r.row(5)!)).toBe('0000006')
    expect(idOf(r.row(150)!)).toBe('0000151')
    r.want(250, 299)
    await settled(r)
    expect(r.view.total).toBe(299)
  })

  it('keep the way to a far page when nothing moved before it', async () => {
    const docs = all(50_000)
    const s = store(docs)
    const r = new Rows(s.fetch, 50_000)
    r.want(49_990, 49_999)
    await settled(r)
    r.want(0, 30)
    await settled(r)
    docs[5] = parseDoc('{"_id":"0000005","n":-1}')
    await r.refresh()
    const before = s.asked.length
    r.want(49_990, 49_999)
    await settled(r)
    expect([s.asked.length - before, r.view.total, r.view.ended]).toEqual([1, 50_000, true])
    r.want(0, 30)
    await settled(r)
    expect(r.row(5)?.get('n')).toEqual(parseDoc('{"n":-1}').get('n'))
    docs.splice(7, 1)
    await r.refresh()
    expect(r.view.ended).toBe(false)
  })

  it('of nothing are none', async () => {
    const r = new Rows(store([]).fetch, 7)
    r.want(0, 30)
    await settled(r)
    expect([r.view.total, r.view.ended, r.row(0)]).toEqual([0, true, undefined])
  })

  it('tell an error and try again', async () => {
    let fail = true
    const s = store(all(5))
    const r = new Rows(async (a, l) => {
      if (fail) throw new Error('no')
      return s.fetch(a, l)
    })
    r.want(0, 3)
    await settled(r)
    expect(r.view.error).toBeInstanceOf(Error)
    fail = false
    r.want(0, 3)
    await settled(r)
    expect([r.view.error, r.view.total]).toEqual([undefined, 5])
  })

  it('are found by id and replaced', async () => {
    const r = new Rows(store(all(5)).fetch)
    r.want(0, 3)
    await settled(r)
    r.replace(parseDoc('{"_id":"0000003","n":99}'))
    expect(r.find('0000003')?.index).toBe(3)
    expect(r.row(3)?.get('n')).toEqual(parseDoc('{"n":99}').get('n'))
  })
})
