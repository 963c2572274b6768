import type { CodeProblem } from '../../../parts/Code.tsx'
import { t, type Key } from '../../../text.ts'
import { check } from '../model/schema.ts'
import type { Doc } from '../model/values.ts'
import { parseDoc, WireError } from '../model/wire.ts'

/** What is wrong with the text of a document: as JSON, or by its schema. */
export function lintDoc(text: string, schema: Doc | undefined): CodeProblem[] {
  let d: Doc
  try {
    d = parseDoc(text)
  } catch (e) {
    return [malformed(e, text)]
  }
  return schema ? check(schema, d).map(b => ({ ...placeOf(text, b.path), message: `${b.path || '{ }'}: ${t(b.key as Key, { value: b.value })}` })) : []
}

export function malformed(e: unknown, text: string): CodeProblem {
  const at = e instanceof WireError ? Math.min(e.at, text.length) : 0
  return { from: Math.max(0, at === text.length ? at - 1 : at), to: Math.min(text.length, at + 1), message: e instanceof WireError ? t(`data.${e.key}` as Key) : String(e) }
}

/** Where a path stands in the text, as near as its names lead. */
function placeOf(text: string, path: string): { from: number; to: number } {
  let from = 0
  let found = { from: 0, to: Math.min(1, text.length) }
  for (const name of path === '' ? [] : path.split('.')) {
    const quoted = JSON.stringify(name)
    const i = text.indexOf(quoted, from)
    if (i < 0) continue
    found = { from: i, to: i + quoted.length }
    from = found.to
  }
  return found
}

/** What is wrong with the text of an object; nothing of none. */
export function lintObject(text: string): CodeProblem[] {
  try {
    if (text.trim() !== '') parseDoc(text)
    return []
  } catch (e) {
    return [malformed(e, text)]
  }
}
