// Headers and FormData.

const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

class Headers {
  #map = new Map() // lower-case name -> values
  constructor(init) {
    if (init === undefined || init === null) return
    const pairs = typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init)
    for (const [k, v] of pairs) this.append(k, v)
  }
  static #name(k) {
    k = String(k)
    if (!headerName.test(k)) throw new TypeError('a malformed header name')
    return k.toLowerCase()
  }
  static #value(v) {
    v = String(v).replace(/^[\t\r\n ]+|[\t\r\n ]+$/g, '')
    if (!headerValue.test(v)) throw new TypeError('a malformed header value')
    return v
  }
  append(k, v) {
    k = Headers.#name(k)
    v = Headers.#value(v)
    const old = this.#map.get(k)
    if (old) old.push(v)
    else this.#map.set(k, [v])
  }
  set(k, v) { this.#map.set(Headers.#name(k), [Headers.#value(v)]) }
  get(k) { return this.#map.get(Headers.#name(k))?.join(', ') ?? null }
  has(k) { return this.#map.has(Headers.#name(k)) }
  delete(k) { this.#map.delete(Headers.#name(k)) }
  getSetCookie() { return [...(this.#map.get('set-cookie') ?? [])] }
  forEach(f, that) { for (const [k, v] of this) f.call(that, v, k, this) }
  * entries() {
    for (const k of [...this.#map.keys()].sort()) {
      if (k === 'set-cookie') for (const v of this.#map.get(k)) yield [k, v]
      else yield [k, this.#map.get(k).join(', ')]
    }
  }
  * keys() { for (const e of this.entries()) yield e[0] }
  * values() { for (const e of this.entries()) yield e[1] }
  [Symbol.iterator]() { return this.entries() }
}

// Blob and File hold bytes; there are no streams.
class Blob {
  #bytes
  #type
  constructor(parts = [], o) {
    const all = [...parts].map(p => (p instanceof Blob ? p.#bytes : typeof p === 'string' ? utf8(p) : viewOf(p, 'a Blob')))
    this.#bytes = new Uint8Array(all.reduce((n, b) => n + b.length, 0))
    let at = 0
    for (const b of all) {
      this.#bytes.set(b, at)
      at += b.length
    }
    this.#type = o?.type === undefined ? '' : String(o.type).toLowerCase()
  }
  get size() { return this.#bytes.length }
  get type() { return this.#type }
  async bytes() { return this.#bytes.slice() }
  async arrayBuffer() { return this.#bytes.slice().buffer }
  async text() { return fromUtf8(this.#bytes) }
  slice(from, to, type) { return new Blob([this.#bytes.slice(from, to)], { type }) }
  static { bytesOf = b => b.#bytes }
}
var bytesOf

class File extends Blob {
  #name
  constructor(parts, name, o) {
    super(parts, o)
    this.#name = String(name)
    this.lastModified = o?.lastModified ?? Date.now()
  }
  get name() { return this.#name }
}

class FormData {
  #list = []
  append(k, v, name) { this.#list.push([String(k), FormData.#entry(v, name)]) }
  static #entry(v, name) {
    if (!(v instanceof Blob)) return String(v)
    return v instanceof File && name === undefined ? v : new File([v], name ?? 'blob', { type: v.type })
  }
  set(k, v, name) {
    const at = this.#list.findIndex(e => e[0] === String(k))
    if (at < 0) {
      this.append(k, v, name)
      return
    }
    this.#list = this.#list.filter((e, i) => i === at || e[0] !== String(k))
    this.#list[at][1] = FormData.#entry(v, name)
  }
  get(k) { return this.#list.find(e => e[0] === String(k))?.[1] ?? null }
  getAll(k) { return this.#list.filter(e => e[0] === String(k)).map(e => e[1]) }
  has(k) { return this.#list.some(e => e[0] === String(k)) }
  delete(k) { this.#list = this.#list.filter(e => e[0] !== String(k)) }
  forEach(f, that) { for (const [k, v] of this.#list) f.call(that, v, k, this) }
  * entries() { for (const e of this.#list) yield [...e] }
  * keys() { for (const e of this.#list) yield e[0] }
  * values() { for (const e of this.#list) yield e[1] }
  [Symbol.iterator]() { return this.entries() }
}

// multipart gives a form's bytes and their type.
function multipart(form) {
  const boundary = 'hutch-' + g.crypto.randomUUID()
  const quote = s => s.replace(/["\r\n]/g, c => encodeURIComponent(c))
  const parts = []
  for (const [k, v] of form) {
    parts.push(`--${boundary}\r\nContent-Disposition: form-data; name="${quote(k)}"`)
    if (v instanceof Blob) {
      parts.push(`; filename="${quote(v.name)}"\r\nContent-Type: ${v.type || 'application/octet-stream'}\r\n\r\n`, v, '\r\n')
    } else {
      parts.push(`\r\n\r\n${v}\r\n`)
    }
  }
  return { bytes: bytesOf(new Blob([...parts, `--${boundary}--\r\n`])), type: `multipart/form-data; boundary=${boundary}` }
}

for (const c of [Headers, Blob, File, FormData]) hidden(g, c.name, c)
