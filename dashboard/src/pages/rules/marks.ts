import type { Part, Truth } from './client.ts'

export interface Mark { from: number; to: number; truth: Truth; deciding: boolean }

/** The tests of one text, in their order; a call of a helper counts as one. */
export function marksOf(parts: Part[], within: string): Mark[] {
  const out: Mark[] = []
  const calls = new Set<number>()
  for (const p of parts) {
    if (p.in === within && p.kind === 'test') out.push({ from: p.from, to: p.to, truth: p.truth, deciding: p.deciding })
    const call = p.calls.find(c => c.in === within)
    if (call && p.in !== within && !calls.has(call.from)) { // the first part of a helper is all of it
      calls.add(call.from)
      out.push({ from: call.from, to: call.to, truth: p.truth, deciding: p.deciding })
    }
  }
  out.sort((a, b) => a.from - b.from || b.to - a.to)
  return out.filter((m, i) => i === 0 || m.from >= Math.max(...out.slice(0, i).map(o => o.to)))
}

export interface Piece { text: string; mark?: Mark }

/** A text cut at its marks. */
export function pieces(text: string, marks: Mark[]): Piece[] {
  const out: Piece[] = []
  let at = 0
  for (const mark of marks) {
    if (mark.from > at) out.push({ text: text.slice(at, mark.from) })
    out.push({ text: text.slice(mark.from, mark.to), mark })
    at = mark.to
  }
  if (at < text.length) out.push({ text: text.slice(at) })
  return out
}

/** The helpers that a rule came to, in the order of the calls. */
export function helpersOf(parts: Part[]): string[] {
  return [...new Set(parts.map(p => p.in).filter(Boolean))]
}

/** Where a line and column stand in a text. */
export function offset(text: string, line: number, column: number): number {
  let at = 0
  for (let l = 1; l < line; l++) {
    const end = text.indexOf('\n', at)
    if (end < 0) break
    at = end + 1
  }
  return Math.min(text.length, at + Math.max(column - 1, 0))
}
