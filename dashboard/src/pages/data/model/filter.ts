import { editText, read } from './cell.ts'
import { type Doc, type Kind, kindOf, same, type Value } from './values.ts'
import { write } from './wire.ts'

/** What an operator takes; the rows are those of the server's table that clients may use behind a field. */
export type Operand = 'value' | 'list' | 'bool' | 'text'
export const operators = {
  $eq: 'value', $ne: 'value', $gt: 'value', $gte: 'value', $lt: 'value', $lte: 'value',
  $in: 'list', $nin: 'list', $contains: 'text', $startsWith: 'text', $regex: 'text', $exists: 'bool',
} as const satisfies Record<string, Operand>
export type Op = keyof typeof operators
export const ops = Object.keys(operators) as Op[]

/** One condition; texts are what stands in its inputs. */
export interface Row { type: 'row'; key: number; field: string; op: Op; kind: Kind; texts: string[] }
/** What the builder cannot show, kept as it is. */
export interface Raw { type: 'raw'; key: number; where: Doc }
export interface Group { type: 'group'; key: number; join: '$and' | '$or'; not: boolean; items: Item[] }
export type Item = Row | Raw | Group

let keys = 0
const key = (): number => ++keys

export const newRow = (field = '', op: Op = '$eq', kind: Kind = 'string', texts: string[] = ['']): Row => ({ type: 'row', key: key(), field, op, kind, texts })
export const newGroup = (join: '$and' | '$or' = '$and', items: Item[] = [], not = false): Group => ({ type: 'group', key: key(), join, not, items })

/** The filter of a group; a row without field counts for nothing. ValueError names what is wrong with an input. */
export function toWhere(g: Group): Doc {
  const parts = g.items.map(partOf).filter(p => p.size > 0)
  const inner = g.join === '$or' && parts.length > 1 ? new Map<string, Value>([['$or', parts]]) : merge(parts)
  return g.not && inner.size > 0 ? new Map([['$not', inner]]) : inner
}

function partOf(i: Item): Doc {
  if (i.type === 'raw') return i.where
  if (i.type === 'group') return toWhere(i)
  if (i.field.trim() === '') return new Map()
  const v = operandOf(i)
  const plain = i.op === '$eq' && !(v instanceof Map) // an object might look like operators
  return new Map<string, Value>([[i.field.trim(), plain ? v : new Map([[i.op, v]])]])
}

/** The operand of a row; throws ValueError. */
export function operandOf(r: Row): Value {
  switch (operators[r.op]) {
    case 'list':
      return r.texts.filter(t => t !== '' || r.kind === 'string' && r.texts.length > 1).map(t => read(r.kind, t))
    case 'bool':
      return (r.texts[0] ?? 'true') !== 'false'
    case 'text':
      return r.texts[0] ?? ''
    case 'value':
      return read(r.kind, r.texts[0] ?? '')
  }
}

/** One object of all parts where no field comes twice with the same operator, else `$and`. */
function merge(parts: Doc[]): Doc {
  if (parts.length < 2) return parts[0] ?? new Map()
  const out: Doc = new Map()
  for (const p of parts) {
    for (const [name, v] of p) {
      const before = out.get(name)
      if (before === undefined && !out.has(name)) out.set(name, v)
      else if (!name.startsWith('$') && isOps(before) && isOps(v) && ![...v.keys()].some(k => before.has(k))) out.set(name, new Map([...before, ...v]))
      else return new Map([['$and', parts]])
    }
  }
  return out
}

const isOps = (v: Value | undefined): v is Doc => v instanceof Map && v.size > 0 && [...v.keys()].every(k => k.startsWith('$'))

/** The builder's view of a filter: toWhere of it means the same. */
export function fromWhere(w: Doc): Group {
  const items = [...w].flatMap(([name, v]) => itemsOf(name, v))
  const only = items[0]
  if (items.length === 1 && only?.type === 'group') return only
  return newGroup('$and', items)
}

function itemsOf(name: string, v: Value): Item[] {
  const raw = (): Item[] => [{ type: 'raw', key: key(), where: new Map([[name, v]]) }]
  if (name === '$and' || name === '$or') {
    if (!Array.isArray(v) || v.length === 0 || !v.every(k => k instanceof Map && k.size > 0)) return raw()
    return [newGroup(name, (v as Doc[]).flatMap(part))]
  }
  if (name === '$not') {
    if (!(v instanceof Map)) return raw()
    const g = fromWhere(v)
    return [g.not ? newGroup('$and', [g], true) : { ...g, not: true }]
  }
  if (name.startsWith('$')) return raw()
  if (!(v instanceof Map)) return row(name, '$eq', v) ?? raw()
  if (!isOps(v)) return raw()
  const rows = [...v].map(([op, operand]) => op in operators ? row(name, op as Op, operand) : undefined)
  return rows.every(r => r !== undefined) ? rows.flat() : raw()
}

/** A member of a list of filters is one item: several conditions of it are a group. */
function part(w: Doc): Item[] {
  const g = fromWhere(w)
  const only = g.items[0]
  return [!g.not && g.items.length === 1 && only ? only : g]
}

function row(field: string, op: Op, v: Value): Row[] | undefined {
  switch (operators[op]) {
    case 'bool':
      return typeof v === 'boolean' ? [newRow(field, op, 'bool', [String(v)])] : undefined
    case 'text':
      return typeof v === 'string' ? [newRow(field, op, 'string', [v])] : undefined
    case 'list': {
      if (!Array.isArray(v)) return undefined
      const kind = v.length === 0 ? 'string' : kindOf(v[0] as Value)
      return keeps(newRow(field, op, kind, v.map(editText)), v)
    }
    case 'value':
      return keeps(newRow(field, op, kindOf(v), [editText(v)]), v)
  }
}

/** Only a row that gives back exactly what it was made of may stand for it. */
function keeps(r: Row, v: Value): Row[] | undefined {
  try {
    return same(operandOf(r), v) ? [r] : undefined
  } catch {
    return undefined
  }
}

/** How many conditions a filter has, for its button. */
export function clauses(g: Group): number {
  return g.items.reduce((n, i) => n + (i.type === 'group' ? clauses(i) : i.type === 'raw' || i.field.trim() !== '' ? 1 : 0), 0)
}

/** The text of a filter as it stands in the URL: empty for none. */
export const whereText = (w: Doc): string => w.size === 0 ? '' : write(w)

/** One item put in place of another, anywhere in the tree; undefined takes it out. */
export function replace(g: Group, target: number, by: Item | undefined): Group {
  const items = g.items.flatMap((i): Item[] => {
    if (i.key === target) return by ? [by] : []
    return [i.type === 'group' ? replace(i, target, by) : i]
  })
  return { ...g, items }
}
