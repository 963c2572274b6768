import { apiError } from '../../../api/error.ts'
import * as client from '../client.ts'
import { records, separatorOf, type Separator } from '../model/csv.ts'
import { cut, type Part } from '../model/cut.ts'

const partSize = 512 << 10 // half of what the server takes at once
const mostRepeats = 50 // of a part whose time was up
const waits = [1000, 3000, 9000] // milliseconds before a server that is away is asked again
const edge = 64 << 10 // of a file, by which it is known again
const glance = 256 << 10 // of a table, to see its columns

export const formatOf = (name: string): 'jsonl' | 'csv' => /\.(csv|tsv|tab)$/i.test(name) ? 'csv' : 'jsonl'

/** What the first records of a table are, its header first. */
export async function lookInto(file: File, separator?: Separator): Promise<{ separator: Separator; rows: string[][] }> {
  const text = await file.slice(0, glance).text()
  const by = separator ?? separatorOf(file.name, text)
  return { separator: by, rows: records(text, by, 4, file.size <= glance) }
}

/** By which a file is known again: its length, both its ends, and how it is cut. */
export async function markOf(file: Blob): Promise<string> {
  const ends = new Blob([file.slice(0, edge), file.slice(Math.max(0, file.size - edge))])
  let hash = 0x811c9dc5 // FNV-1a
  for (const b of new Uint8Array(await ends.arrayBuffer())) hash = Math.imul(hash ^ b, 0x01000193)
  return `${file.size}-${partSize}-${(hash >>> 0).toString(16)}`
}

type Begin = Omit<client.ImportStart, 'file' | 'mark'>
type Progress = (sent: number, state: client.Import) => void

/** Sends a file part by part; progress tells bytes sent and the state so far. */
export async function importFile(collection: string, file: File, begin: Begin, progress: Progress, signal: AbortSignal): Promise<client.Import> {
  return goOn(await client.startImport(collection, { ...begin, file: file.name, mark: await markOf(file) }), file, progress, signal)
}

/** Sends the parts that are not done yet. */
export async function goOn(begun: client.Import, file: File, progress: Progress, signal: AbortSignal): Promise<client.Import> {
  let state = begun
  const empty: Part = { bytes: new Uint8Array(0), line: 1, end: 0 }
  const parts = cut(file, partSize, begun.format === 'csv')
  let next = await parts.next()
  let n = 0
  do {
    const part = next.done ? empty : next.value
    if (!next.done) next = await parts.next()
    n++
    if (n > begun.parts) state = await send(state.id, n, part, next.done === true, signal)
    progress(part.end, state)
  } while (!next.done)
  state = await client.getImport(state.id, signal) // with the bad lines
  progress(file.size, state)
  return state
}

async function send(id: string, n: number, part: Part, last: boolean, signal: AbortSignal): Promise<client.Import> {
  let failures = 0
  for (let again = 0; ; again++) {
    try {
      const state = await client.sendPart(id, n, part.bytes, last, signal)
      if (state.complete || again >= mostRepeats) return state
    } catch (e) {
      const wait = waits[failures++]
      if (signal.aborted || wait === undefined || apiError(e).code !== 'unavailable') throw e
      await new Promise(done => setTimeout(done, wait))
    }
  }
}
