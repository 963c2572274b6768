/** Part of a file that begins and ends with whole records. */
export interface Part { bytes: Uint8Array<ArrayBuffer>; /** Line of the file with which it begins, from 1. */ line: number; /** Bytes of the file up to its end. */ end: number }

const newline = 10
const quote = 34

/**
 * Cuts a file into parts of at most about `size` bytes, at ends of lines; in CSV
 * at those that are not inside quotes. A record longer than size is a part of
 * its own.
 */
export async function* cut(file: Blob, size: number, csv: boolean): AsyncGenerator<Part> {
  let rest = new Uint8Array(0)
  let line = 1
  let read = 0
  while (read < file.size || rest.length > 0) {
    const chunk = new Uint8Array(await file.slice(read, read + size).arrayBuffer())
    read += chunk.length
    const buf = new Uint8Array(rest.length + chunk.length)
    buf.set(rest)
    buf.set(chunk, rest.length)
    const whole = read >= file.size ? buf.length : lastEnd(buf, csv)
    if (whole > 0) {
      const bytes = buf.slice(0, whole)
      yield { bytes, line, end: read - (buf.length - whole) }
      line += count(bytes)
    }
    rest = buf.slice(whole)
  }
}

/** Behind the last end of a record, 0 without one. */
function lastEnd(b: Uint8Array, csv: boolean): number {
  if (!csv) return b.lastIndexOf(newline) + 1
  let inside = false
  let end = 0
  for (let i = 0; i < b.length; i++) {
    if (b[i] === quote) inside = !inside // a doubled quote toggles twice
    else if (b[i] === newline && !inside) end = i + 1
  }
  return end
}

function count(b: Uint8Array): number {
  let n = 0
  for (const c of b) if (c === newline) n++
  return n
}

/** How many records the bytes hold; lines that end inside quotes are none. */
export function recordsIn(b: Uint8Array, csv: boolean): number {
  let inside = false
  let n = 0
  for (const c of b) {
    if (csv && c === quote) inside = !inside
    else if (c === newline && !inside) n++
  }
  return n
}
