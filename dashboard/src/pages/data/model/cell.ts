import { at, bytesOf, type Doc, type Kind, kindOf, Tagged, type Value } from './values.ts'
import { inInt64, isBase64, isDate, isDecimal, isDouble, isObjectId, parse, withFraction, write, WireError } from './wire.ts'

const longest = 240 // characters of a cell

/** What a cell shows: one line, short, never the whole of something huge. */
export function show(v: Value | undefined): string {
  if (v === undefined) return ''
  if (v === null) return 'null'
  if (typeof v === 'string') return clip(v)
  if (typeof v === 'boolean') return String(v)
  if (v instanceof Tagged) {
    if (v.tag === 'date') return showDate(v.text)
    if (v.tag === 'binary') return v.sub === '04' ? showUuid(v.text) : showBytes(bytesOf(v.text))
    return v.text
  }
  return clip(Array.isArray(v) ? write(v.slice(0, 40)) : write(new Map([...v].slice(0, 40))))
}

const clip = (s: string): string => s.length > longest ? s.slice(0, longest) + '…' : s

/** 2026-01-02 03:04:05.678, without what is zero. */
export function showDate(text: string): string {
  if (!isDate(text)) return text
  return new Date(text).toISOString().replace('T', ' ').replace(/(:00)?\.000Z$|Z$/, '')
}

function showBytes(n: number): string {
  return n < 1024 ? `${n} B` : n < 1 << 20 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / (1 << 20)).toFixed(1)} MiB`
}

function showUuid(base64: string): string {
  try {
    const hex = Array.from(atob(base64), c => c.charCodeAt(0).toString(16).padStart(2, '0')).join('')
    return hex.length === 32 ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : showBytes(hex.length / 2)
  } catch {
    return base64
  }
}

/** The text an editor begins with. */
export function editText(v: Value | undefined): string {
  if (v === undefined || v === null) return ''
  if (typeof v === 'string') return v
  if (v instanceof Tagged) return v.text
  return typeof v === 'boolean' ? String(v) : write(v)
}

/** Text that is no value of the type; key is a text's. */
export class ValueError extends Error {
  readonly key: string

  constructor(key: string) {
    super(key)
    this.key = key
  }
}

/** Reads what was typed as a value of the kind. */
export function read(kind: Kind, text: string): Value {
  const t = text.trim()
  const must = (ok: boolean): void => {
    if (!ok) throw new ValueError(`data.value.${kind}`)
  }
  switch (kind) {
    case 'null':
      return null
    case 'string':
      return text
    case 'bool':
      must(t === 'true' || t === 'false')
      return t === 'true'
    case 'int':
      must(inInt64(t))
      return new Tagged('int', t)
    case 'double':
      must(isDouble(t) && !/^-0(\.0*)?$/.test(t))
      return new Tagged('double', withFraction(t))
    case 'decimal':
      must(isDecimal(t))
      return new Tagged('decimal', t)
    case 'objectId':
      must(isObjectId(t))
      return new Tagged('objectId', t.toLowerCase())
    case 'date':
      return new Tagged('date', readDate(t))
    case 'binary':
      must(isBase64(t))
      return new Tagged('binary', t)
    case 'array':
    case 'object': {
      let v: Value
      try {
        v = parse(t)
      } catch (e) {
        throw new ValueError(e instanceof WireError ? 'data.' + e.key : 'data.value.' + kind)
      }
      must(kindOf(v) === kind)
      return v
    }
  }
}

/** 2026-01-02, 2026-01-02 03:04 and the like are UTC. */
function readDate(t: string): string {
  if (inInt64(t)) return t
  const m = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?)?(Z|[+-]\d\d:\d\d)?$/i.exec(t)
  const iso = m && `${m[1]}T${m[2] ?? '00:00'}${m[3] ?? ':00'}${m[4]?.toUpperCase() ?? 'Z'}`
  if (!iso || !isDate(iso) || Number(iso.slice(8, 10)) !== dayOf(iso)) throw new ValueError('data.value.date')
  return new Date(iso).toISOString()
}

const dayOf = (iso: string): number => new Date(iso.slice(0, 10) + 'T00:00:00Z').getUTCDate()

/** The kind of a new value: the schema's, else the one most documents have there. */
export function usualKind(docs: readonly Doc[], path: string, schema: Kind | undefined): Kind {
  const seen = new Map<Kind, number>()
  for (const d of docs) {
    const v = at(d, path)
    if (v !== undefined && v !== null) seen.set(kindOf(v), (seen.get(kindOf(v)) ?? 0) + 1)
  }
  const usual = [...seen].sort((a, b) => b[1] - a[1])[0]?.[0]
  if (schema === 'double' && (usual === 'int' || usual === 'double' || usual === 'decimal')) return usual
  return schema ?? usual ?? 'string'
}

/**
 * Keeps a value's type while it is edited; a whole number may become one with
 * a fraction where nothing else was meant (286 -> 286.5).
 */
export function reread(kind: Kind, text: string, mayWiden: boolean): Value {
  if (kind === 'int' && mayWiden && !inInt64(text.trim()) && isDouble(text.trim())) return read('double', text)
  return read(kind, text)
}
