import { type Doc, Tagged, type Value } from './values.ts'

/** Text that is no JSON, or no value of the wire; at counts characters. */
export class WireError extends Error {
  readonly at: number
  readonly key: string

  constructor(key: string, at: number) {
    super(key)
    this.key = key
    this.at = at
  }
}

const deepest = 40
const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const integer = /^-?(0|[1-9]\d*)$/
const decimal = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const beyond = 2n ** 53n

/** Reads JSON with the forms `$date`, `$numberDecimal`, ... as typed values. */
export function parse(text: string): Value {
  const r = new Reader(text)
  const v = r.value(1)
  r.space()
  if (r.at < text.length) throw new WireError('json.rest', r.at)
  return v
}

/** Reads an object. */
export function parseDoc(text: string): Doc {
  const v = parse(text)
  if (!(v instanceof Map)) throw new WireError('json.object', 0)
  return v
}

class Reader {
  at = 0
  private readonly s: string

  constructor(s: string) {
    this.s = s
  }

  space(): void {
    while (this.at < this.s.length && ' \t\n\r'.includes(this.s[this.at] as string)) this.at++
  }

  private fail(key: string, at = this.at): never {
    throw new WireError(key, at)
  }

  value(depth: number): Value {
    this.space()
    const c = this.s[this.at]
    if (c === '{') return this.object(depth)
    if (c === '[') return this.array(depth)
    if (c === '"') return this.string()
    for (const [word, v] of [['true', true], ['false', false], ['null', null]] as const) {
      if (!this.s.startsWith(word, this.at)) continue
      this.at += word.length
      return v
    }
    return this.number()
  }

  private number(): Tagged {
    number.lastIndex = this.at
    const m = number.exec(this.s)
    if (!m) this.fail(this.at < this.s.length ? 'json.value' : 'json.end')
    const whole = m[1] === undefined && m[2] === undefined
    if (whole ? !inInt64(m[0]) : !Number.isFinite(Number(m[0]))) this.fail('json.range')
    this.at += m[0].length
    return new Tagged(whole ? 'int' : 'double', m[0])
  }

  private string(): string {
    const from = this.at
    if (this.s[from] !== '"') this.fail('json.name')
    for (let i = from + 1; i < this.s.length; i++) {
      const c = this.s[i] as string
      if (c === '\\') i++
      else if (c < ' ') this.fail('json.control', i)
      else if (c === '"') {
        this.at = i + 1
        try {
          return JSON.parse(this.s.slice(from, i + 1)) as string
        } catch {
          this.fail('json.escape', from)
        }
      }
    }
    return this.fail('json.end', this.s.length)
  }

  private array(depth: number): Value[] {
    if (depth > deepest) this.fail('json.deep')
    const out: Value[] = []
    this.at++
    this.space()
    if (this.take(']')) return out
    for (;;) {
      out.push(this.value(depth + 1))
      this.space()
      if (this.take(']')) return out
      if (!this.take(',')) this.fail('json.comma')
    }
  }

  private object(depth: number): Value {
    if (depth > deepest) this.fail('json.deep')
    const from = this.at++
    const out: Doc = new Map()
    this.space()
    if (this.take('}')) return out
    for (;;) {
      this.space()
      const nameAt = this.at
      const name = this.string()
      if (out.has(name)) this.fail('json.twice', nameAt)
      this.space()
      if (!this.take(':')) this.fail('json.colon')
      out.set(name, this.value(depth + 1))
      this.space()
      if (this.take('}')) return typed(out, from)
      if (!this.take(',')) this.fail('json.comma')
    }
  }

  private take(c: string): boolean {
    if (this.s[this.at] !== c) return false
    this.at++
    return true
  }
}

export function inInt64(text: string): boolean {
  if (!integer.test(text) || text === '-0') return false
  if (text.length < 18) return true
  const n = BigInt(text)
  return n >= -(2n ** 63n) && n < 2n ** 63n
}

export const isDouble = (text: string): boolean => decimal.test(text) && Number.isFinite(Number(text))
export const isDecimal = (text: string): boolean => decimal.test(text) && text.replace(/[eE].*|\D/g, '').replace(/^0+/, '').length <= 34
export const isBase64 = (text: string): boolean => base64.test(text)
export const isObjectId = (text: string): boolean => /^[0-9a-fA-F]{24}$/.test(text)
export const isDate = (text: string): boolean => rfc3339.test(text) && !Number.isNaN(Date.parse(text))

/** An object of one key with a leading `$` may stand for a value. */
function typed(d: Doc, from: number): Value {
  if (d.size !== 1) return d
  const [name, v] = [...d][0] as [string, Value]
  const bad = (): never => {
    throw new WireError('json.form', from)
  }
  const text = typeof v === 'string' ? v : undefined
  switch (name) {
    case '$numberInt':
    case '$numberLong':
      return text !== undefined && inInt64(text) ? new Tagged('int', text) : bad()
    case '$numberDouble':
      return text !== undefined && isDouble(text) ? new Tagged('double', withFraction(text)) : bad()
    case '$numberDecimal':
      return text !== undefined && isDecimal(text) ? new Tagged('decimal', text) : bad()
    case '$oid':
      return text !== undefined && isObjectId(text) ? new Tagged('objectId', text.toLowerCase()) : bad()
    case '$date':
      if (v instanceof Tagged && v.tag === 'int') return new Tagged('date', v.text)
      return text !== undefined && isDate(text) ? new Tagged('date', text) : bad()
    case '$binary': {
      const data = v instanceof Map && v.size === 2 ? v.get('base64') : undefined
      const sub = v instanceof Map ? v.get('subType') : undefined
      if (typeof data !== 'string' || !isBase64(data) || typeof sub !== 'string' || !/^0?[04]$/.test(sub)) return bad()
      return new Tagged('binary', data, sub.endsWith('4') ? '04' : '00')
    }
  }
  return d
}

export const withFraction = (text: string): string => /[.eE]/.test(text) ? text : text + '.0'

/** Writes a value as it goes over the wire; indent as in JSON.stringify, forms and short lists on one line. */
export function write(v: Value, indent = 0): string {
  return line(v, indent, '')
}

function line(v: Value, indent: number, before: string): string {
  if (v instanceof Tagged) return tagged(v)
  if (v === null || typeof v !== 'object') return JSON.stringify(v)
  const list = Array.isArray(v)
  const parts = list
    ? v.map(e => line(e, indent, before + ' '.repeat(indent)))
    : [...v].map(([k, e]) => `${JSON.stringify(k)}:${indent ? ' ' : ''}${line(e, indent, before + ' '.repeat(indent))}`)
  const [open, close] = list ? '[]' : '{}'
  if (indent === 0 || parts.length === 0) return `${open}${parts.join(',')}${close}`
  const flat = parts.join(', ')
  if (list && flat.length < 72 && !v.some(e => Array.isArray(e) || e instanceof Map)) return `[${flat}]`
  const inner = before + ' '.repeat(indent)
  return `${open}\n${inner}${parts.join(',\n' + inner)}\n${before}${close}`
}

function tagged(v: Tagged): string {
  switch (v.tag) {
    case 'int': {
      const n = v.text.length < 16 ? 0n : BigInt(v.text)
      return n > beyond || n < -beyond ? `{"$numberLong":"${v.text}"}` : v.text
    }
    case 'double':
      return v.text
    case 'decimal':
      return `{"$numberDecimal":"${v.text}"}`
    case 'objectId':
      return `{"$oid":"${v.text}"}`
    case 'date':
      return integer.test(v.text) ? `{"$date":{"$numberLong":"${v.text}"}}` : `{"$date":"${v.text}"}`
    case 'binary':
      return `{"$binary":{"base64":"${v.text}","subType":"${v.sub}"}}`
  }
}
