/**
 * Values on the wire are relaxed Extended JSON: Date, Uint8Array and bigint have
 * a form of their own, other tagged values ($oid, $numberDecimal, ...) stay objects.
 */
import { HutchError } from './error.ts'

export function encode(value: unknown): string {
  return JSON.stringify(plain(value, ''))
}

function plain(v: unknown, path: string): unknown {
  switch (typeof v) {
    case 'bigint':
      return { $numberLong: String(v) }
    case 'number':
      if (!Number.isFinite(v)) throw new HutchError('invalid_argument', 'numbers are finite', { field: path })
      return v
    case 'object':
      break
    default:
      return v
  }
  if (v === null) return v
  if (v instanceof Date) {
    if (Number.isNaN(v.getTime())) throw new HutchError('invalid_argument', 'the date is not valid', { field: path })
    const year = v.getUTCFullYear()
    return { $date: year >= 0 && year <= 9999 ? v.toISOString() : { $numberLong: String(v.getTime()) } }
  }
  if (v instanceof Uint8Array) return { $binary: { base64: toBase64(v), subType: '00' } }
  if (Array.isArray(v)) return v.map((e, i) => plain(e, path ? `${path}.${i}` : String(i)))
  const out: Record<string, unknown> = {}
  for (const [k, e] of Object.entries(v)) {
    if (e === undefined) continue
    const value = plain(e, path ? `${path}.${k}` : k)
    if (k === '__proto__') Object.defineProperty(out, k, { value, enumerable: true })
    else out[k] = value
  }
  return out
}

export function decode(text: string): unknown {
  return JSON.parse(text, revive)
}

function revive(_: string, v: unknown): unknown {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) return v
  const keys = Object.keys(v)
  if (keys.length !== 1) return v
  const inner = (v as Record<string, unknown>)[keys[0] as string]
  switch (keys[0]) {
    case '$date':
      return new Date(typeof inner === 'bigint' ? Number(inner) : inner as string)
    case '$numberLong':
      return typeof inner === 'string' ? BigInt(inner) : v
    case '$binary': {
      const b = inner as { base64?: string; subType?: string }
      return b?.subType === '00' && typeof b.base64 === 'string' ? fromBase64(b.base64) : v
    }
  }
  return v
}

function toBase64(b: Uint8Array): string {
  let s = ''
  for (let i = 0; i < b.length; i += 0x8000) s += String.fromCharCode(...b.subarray(i, i + 0x8000))
  return btoa(s)
}

function fromBase64(s: string): Uint8Array {
  return Uint8Array.from(atob(s), c => c.charCodeAt(0))
}

/** A UUID, also where crypto.randomUUID is absent (pages without TLS). */
export function uuid(): string {
  const b = crypto.getRandomValues(new Uint8Array(16))
  b[6] = (b[6] as number) & 0x0f | 0x40
  b[8] = (b[8] as number) & 0x3f | 0x80
  const hex = Array.from(b, x => x.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A ULID (github.com/ulid/spec): 48 bits of milliseconds, 80 random ones. */
export function newId(): string {
  let id = ''
  for (let t = Date.now(), i = 0; i < 10; i++, t = Math.floor(t / 32)) id = crockford[t % 32] + id
  for (const b of crypto.getRandomValues(new Uint8Array(16))) id += crockford[b % 32]
  return id
}
