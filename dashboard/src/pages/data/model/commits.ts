import { type Doc, idOf, own, type Value, versionOf } from './values.ts'
import { write } from './wire.ts'

/** A write of POST /data/v1/commit. */
export interface Write { op: 'create' | 'set' | 'update' | 'delete'; in: string; id: string; data?: Doc; ifVersion?: number }
export interface Refusal { field?: string | undefined; message: string; code: string }
export interface Failure { id: string; code: string; message: string }
export interface Report { done: string[]; failed: Failure[]; /** A stop by hand, or by an error that speaks of no write. */ stopped?: string }

const mostWrites = 500
const mostBytes = 8 << 20 // half of what a commit may hold
const mostFailures = 100

/** Cuts writes into commits that the limits allow. */
export function chunks(writes: readonly Write[]): Write[][] {
  const out: Write[][] = []
  let room = 0
  for (const w of writes) {
    const size = 200 + w.id.length + (w.data ? write(w.data).length * 2 : 0)
    const last = out.at(-1)
    if (last && last.length < mostWrites && size <= room) {
      last.push(w)
      room -= size
    } else {
      out.push([w])
      room = mostBytes - size
    }
  }
  return out
}

/**
 * Commits all writes, chunk by chunk. A chunk is all or nothing and names the
 * first write it refused: that one is reported and the rest tried again.
 * commit throws what refused() reads; other errors stop it.
 */
export async function commitAll(writes: readonly Write[], commit: (w: Write[]) => Promise<void>, refused: (e: unknown) => Refusal | undefined, progress: (done: number) => void, signal?: AbortSignal): Promise<Report> {
  const report: Report = { done: [], failed: [] }
  for (let chunk of chunks(writes)) {
    while (chunk.length > 0) {
      if (signal?.aborted) return { ...report, stopped: '' }
      try {
        await commit(chunk)
        report.done.push(...chunk.map(w => w.id))
        break
      } catch (e) {
        const r = refused(e)
        const i = Number(/^writes\[(\d+)\]/.exec(r?.field ?? '')?.[1] ?? NaN)
        const bad = chunk[i]
        if (!r || !bad) return { ...report, stopped: r?.message ?? String(e) }
        report.failed.push({ id: bad.id, code: r.code, message: r.message })
        if (report.failed.length >= mostFailures) return { ...report, stopped: r.message }
        chunk = chunk.filter(w => w !== bad)
      }
    }
    progress(report.done.length + report.failed.length)
  }
  return report
}

/** Deletes what was seen: a document that has changed meanwhile is refused, so that an undo brings back what went. */
export const deletes = (from: string, docs: readonly Doc[]): Write[] => docs.map(d => ({ op: 'delete', in: from, id: idOf(d), ifVersion: versionOf(d) }))

/** What brings deleted documents back, under their ids; whoever took an id meanwhile keeps it. */
export const recreates = (from: string, docs: readonly Doc[]): Write[] => docs.map(d => ({ op: 'create', in: from, id: idOf(d), data: own(d) }))

export const updates = (from: string, ids: readonly string[], patch: Doc): Write[] => ids.map(id => ({ op: 'update', in: from, id, data: patch }))

export function body(writes: readonly Write[]): string {
  const list = writes.map(w => {
    const out = new Map<string, Value>([['op', w.op], ['in', w.in], ['id', w.id]])
    if (w.data) out.set('data', w.data)
    const text = write(out)
    return w.ifVersion === undefined ? text : `${text.slice(0, -1)},"ifVersion":${w.ifVersion}}`
  })
  return `{"writes":[${list.join(',')}]}`
}

/** A delete that can be taken back; gone is told when it no longer can. */
export interface Undoable { from: string; docs: Doc[]; gone: () => void }

/** Deletes that can be taken back, the last one first. */
export class UndoStack {
  private readonly stack: Undoable[] = []

  push(u: Undoable): void {
    this.stack.push(u)
    if (this.stack.length > 20) this.stack.shift()?.gone()
  }

  last(): Undoable | undefined {
    return this.stack.at(-1)
  }

  /** Takes one out, once: only who gets true may bring it back. */
  take(u: Undoable): boolean {
    const i = this.stack.indexOf(u)
    if (i < 0) return false
    this.stack.splice(i, 1)
    u.gone()
    return true
  }
}
