/**
 * Values as documents hold them. JSON.parse would lose what tells 5.0 from 5 and
 * the order of fields named by numbers, so numbers keep their text and objects
 * are maps.
 */
export type Value = null | boolean | string | Tagged | Value[] | Doc
export type Doc = Map<string, Value>

/** Types that a value has in its text. */
export type Tag = 'int' | 'double' | 'decimal' | 'date' | 'binary' | 'objectId'
export type Kind = 'null' | 'bool' | 'string' | 'array' | 'object' | Tag
export const kinds: readonly Kind[] = ['string', 'int', 'double', 'decimal', 'bool', 'date', 'objectId', 'binary', 'null', 'array', 'object']

/** A value with a type of its own: the text of a number, of a date (RFC 3339, or milliseconds beyond its years), base64, hex. */
export class Tagged {
  readonly tag: Tag
  readonly text: string
  readonly sub: '00' | '04'

  constructor(tag: Tag, text: string, sub: '00' | '04' = '00') {
    this.tag = tag
    this.text = text
    this.sub = sub
  }
}

export const systemFields = ['_id', '_version', '_createdAt', '_updatedAt'] as const
export const isSystem = (name: string): boolean => (systemFields as readonly string[]).includes(name)

export function kindOf(v: Value): Kind {
  if (v === null) return 'null'
  if (v instanceof Tagged) return v.tag
  if (v instanceof Map) return 'object'
  if (Array.isArray(v)) return 'array'
  return typeof v === 'boolean' ? 'bool' : 'string'
}

export const isNumber = (k: Kind): boolean => k === 'int' || k === 'double' || k === 'decimal'

/** Equal in type and content: what a write would not change. */
export function same(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined || a === null || b === null) return false
  if (a instanceof Tagged) return b instanceof Tagged && a.tag === b.tag && a.text === b.text && a.sub === b.sub
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((x, i) => same(x, b[i]))
  if (!(a instanceof Map) || !(b instanceof Map) || a.size !== b.size) return false
  const names = [...b.keys()] // the order of fields is part of an object
  return [...a.keys()].every((k, i) => k === names[i] && same(a.get(k), b.get(k)))
}

/** The value at a dotted path; undefined where there is none. */
export function at(d: Doc, path: string): Value | undefined {
  let v: Value | undefined = d
  for (const name of path.split('.')) {
    if (v instanceof Map) v = v.get(name)
    else if (Array.isArray(v) && /^(0|[1-9]\d{0,5})$/.test(name)) v = v[Number(name)]
    else return undefined
  }
  return v
}

export const idOf = (d: Doc): string => {
  const id = d.get('_id')
  return typeof id === 'string' ? id : ''
}

export const versionOf = (d: Doc): number => {
  const v = d.get('_version')
  return v instanceof Tagged ? Number(v.text) : 0
}

/** The fields that are the user's. */
export function own(d: Doc): Doc {
  return new Map([...d].filter(([name]) => !isSystem(name)))
}

/** How many bytes base64 text stands for. */
export function bytesOf(base64: string): number {
  return Math.max(0, base64.length / 4 * 3 - (/=*$/.exec(base64)?.[0].length ?? 0))
}
