import * as client from '../client.ts'
import { cut, type Part } from '../model/cut.ts'

const partSize = 512 << 10 // half of what the server takes at once
const mostRepeats = 50 // of a part whose time was up

export const formatOf = (name: string): 'jsonl' | 'csv' => /\.(csv|tsv)$/i.test(name) ? 'csv' : 'jsonl'

/** Sends a file part by part; progress tells bytes sent and the state so far. */
export async function importFile(collection: string, file: File, o: { format: 'jsonl' | 'csv'; mode: 'create' | 'set' }, progress: (sent: number, state: client.Import) => void, signal: AbortSignal): Promise<client.Import> {
  let state = await client.startImport(collection, { ...o, file: file.name })
  const empty: Part = { bytes: new Uint8Array(0), line: 1, end: 0 }
  const parts = cut(file, partSize, o.format === 'csv')
  let next = await parts.next()
  let n = 0
  do {
    const part = next.done ? empty : next.value
    if (!next.done) next = await parts.next()
    n++
    for (let again = 0; ; again++) {
      state = await client.sendPart(state.id, n, part.bytes, next.done === true, signal)
      if (state.complete || again >= mostRepeats) break
    }
    progress(part.end, state)
  } while (!next.done)
  state = await client.getImport(state.id, signal) // with the bad lines
  progress(file.size, state)
  return state
}
