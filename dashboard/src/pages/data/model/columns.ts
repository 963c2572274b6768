import { type Doc, isSystem } from './values.ts'

/** A column of the table: a top-level field or a dotted path, and its width in pixels if it was set. */
export interface Column { path: string; width?: number }

const shownAtFirst = 12
const narrowest = 64
const widest = 900

/** All fields that could be columns: the schema's in their order, then those seen, often ones first. */
export function allFields(schemaFields: readonly string[], docs: readonly Doc[]): string[] {
  const seen = new Map<string, number>()
  for (const d of docs) for (const name of d.keys()) if (!isSystem(name)) seen.set(name, (seen.get(name) ?? 0) + 1)
  const extra = [...seen.keys()].filter(n => !schemaFields.includes(n)).sort((a, b) => (seen.get(b) as number) - (seen.get(a) as number))
  return ['_id', ...schemaFields, ...extra, '_createdAt', '_updatedAt', '_version']
}

/** What is shown while nobody chose: `_id`, the first fields, when it was changed. */
export function defaultColumns(fields: readonly string[]): Column[] {
  const own = fields.filter(f => !isSystem(f)).slice(0, shownAtFirst)
  return ['_id', ...own, '_updatedAt'].map(path => ({ path }))
}

/** As it stands in the URL: `_id,name:240,price`. */
export function columnsText(cols: readonly Column[]): string {
  return cols.map(c => encodeURIComponent(c.path) + (c.width ? ':' + c.width : '')).join(',')
}

export function parseColumns(text: string): Column[] {
  const out: Column[] = []
  for (const part of text.split(',')) {
    const [name = '', width] = part.split(':')
    let path: string
    try {
      path = decodeURIComponent(name)
    } catch {
      continue
    }
    if (path === '' || out.some(c => c.path === path)) continue
    const w = Number(width)
    out.push(Number.isFinite(w) && w > 0 ? { path, width: clampWidth(w) } : { path })
  }
  return out.some(c => c.path === '_id') ? out : [{ path: '_id' }, ...out]
}

export const clampWidth = (w: number): number => Math.round(Math.min(widest, Math.max(narrowest, w)))

/** Widths fit the text of the first rows, between what can be read and what leaves room for others. */
export function fit(path: string, texts: readonly string[]): number {
  const longest = texts.reduce((n, t) => Math.max(n, t.length), 0)
  return Math.round(Math.min(320, Math.max(88, 34 + path.length * 8, 26 + longest * 7.4)))
}

/** `_id` stays first: it is what stands fixed. */
export function move(cols: readonly Column[], from: number, to: number): Column[] {
  const out = [...cols]
  const [c] = out.splice(from, 1)
  if (!c || from === 0) return [...cols]
  out.splice(Math.max(1, to), 0, c)
  return out
}

export function toggle(cols: readonly Column[], path: string): Column[] {
  if (path === '_id') return [...cols]
  return cols.some(c => c.path === path) ? cols.filter(c => c.path !== path) : [...cols, { path }]
}
