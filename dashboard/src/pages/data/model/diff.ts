import { type Doc, isSystem, own, same, type Value } from './values.ts'

/** Whose change a field shows; both: mine and theirs differ from each other and from the base. */
export type Side = 'mine' | 'theirs' | 'both' | 'agree'
export interface Change { path: string; side: Side; base: Value | undefined; mine: Value | undefined; theirs: Value | undefined }

/** Field by field what two writers made of the same document; objects are compared inside, arrays as a whole. */
export function diff3(base: Doc, mine: Doc, theirs: Doc): Change[] {
  const out: Change[] = []
  walk(own(base), own(mine), own(theirs), '', out)
  return out
}

function walk(base: Doc, mine: Doc, theirs: Doc, prefix: string, out: Change[]): void {
  for (const name of new Set([...base.keys(), ...theirs.keys(), ...mine.keys()])) {
    const [b, m, t] = [base.get(name), mine.get(name), theirs.get(name)]
    const path = prefix + name
    if (b instanceof Map && m instanceof Map && t instanceof Map && plainNames(b, m, t)) {
      walk(b, m, t, path + '.', out)
      continue
    }
    const [my, their] = [!same(b, m), !same(b, t)]
    if (!my && !their) continue
    const side: Side = my && their ? same(m, t) ? 'agree' : 'both' : my ? 'mine' : 'theirs'
    out.push({ path, side, base: b, mine: m, theirs: t })
  }
}

/** Paths can name every field of these; keys with a dot or a leading `$` no path can. */
const plainNames = (...docs: Doc[]): boolean => docs.every(d => [...d.keys()].every(k => k !== '' && !k.includes('.') && !k.startsWith('$')))

/** What each field becomes unless chosen otherwise: one writer's change stands, of two mine. */
export const defaultChoice = (c: Change): 'mine' | 'theirs' => c.side === 'theirs' ? 'theirs' : 'mine'

/** Theirs, with those fields as in mine for which mine was chosen. */
export function merged(theirs: Doc, changes: readonly Change[], choice: (c: Change) => 'mine' | 'theirs'): Doc {
  let out = theirs
  for (const c of changes) {
    if (choice(c) === 'mine') out = put(out, c.path.split('.'), c.mine)
  }
  return out
}

function put(d: Doc, path: string[], v: Value | undefined): Doc {
  const [name, ...rest] = path as [string, ...string[]]
  const out = new Map(d)
  if (rest.length > 0) {
    const inner = d.get(name)
    out.set(name, put(inner instanceof Map ? inner : new Map(), rest, v))
  } else if (v === undefined) out.delete(name)
  else out.set(name, v)
  return out
}

/** The body of PATCH that makes `to` of `from`; empty when they are the same. Untouched fields keep their types. */
export function patchOf(from: Doc, to: Doc): Doc {
  const set: Doc = new Map()
  const unset: Doc = new Map()
  changes(own(from), own(to), '', set, unset)
  const out: Doc = new Map()
  if (set.size > 0) out.set('$set', set)
  if (unset.size > 0) out.set('$unset', unset)
  return out
}

function changes(from: Doc, to: Doc, prefix: string, set: Doc, unset: Doc): void {
  for (const [name, v] of to) {
    const old = from.get(name)
    if (same(old, v)) continue
    if (old instanceof Map && v instanceof Map && old.size > 0 && v.size > 0 && plainNames(old, v) && !reordered(old, v)) changes(old, v, prefix + name + '.', set, unset)
    else set.set(prefix + name, v)
  }
  for (const name of from.keys()) if (!to.has(name)) unset.set(prefix + name, true)
}

/** The order of fields is part of an object inside a document, and no patch of its fields changes it. */
function reordered(old: Doc, v: Doc): boolean {
  const kept = [...old.keys()].filter(k => v.has(k))
  return [...v.keys()].slice(0, kept.length).some((k, i) => k !== kept[i])
}

/** The paths at the top of a document that differ, system fields left out. */
export function changedFields(a: Doc, b: Doc): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter(k => !isSystem(k) && !same(a.get(k), b.get(k)))
}
