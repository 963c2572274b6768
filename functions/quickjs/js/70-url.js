// URL and URLSearchParams; the parser of the URL standard is in Go.

function formDecode(s) {
  s = s.replaceAll('+', ' ')
  if (!s.includes('%')) return s
  try { return decodeURIComponent(s) } catch { return native.native('percent', s) }
}

const formEncode = s => encodeURIComponent(s.toWellFormed())
  .replace(/[!'()~]/g, c => '%' + c.charCodeAt(0).toString(16).toUpperCase()).replaceAll('%20', '+')

class URLSearchParams {
  #list = []
  #changed
  constructor(init, changed) {
    this.#changed = typeof changed === 'function' ? changed : undefined
    if (init === undefined || init === null) return
    if (typeof init === 'object') {
      const pairs = typeof init[Symbol.iterator] === 'function' ? [...init] : Object.entries(init)
      for (const pair of pairs) {
        const [k, v, ...more] = [...pair]
        if (v === undefined || more.length > 0) throw new TypeError('each pair is a name and a value')
        this.#list.push([String(k), String(v)])
      }
      return
    }
    this.#parse(String(init))
  }
  #parse(s) {
    this.#list = []
    for (const part of (s.startsWith('?') ? s.slice(1) : s).split('&')) {
      if (part === '') continue
      const i = part.indexOf('=')
      this.#list.push(i < 0 ? [formDecode(part), ''] : [formDecode(part.slice(0, i)), formDecode(part.slice(i + 1))])
    }
  }
  static replace(p, s) { p.#parse(s) }
  #touch() { this.#changed?.(this.toString()) }
  get size() { return this.#list.length }
  append(k, v) {
    this.#list.push([String(k), String(v)])
    this.#touch()
  }
  delete(k, v) {
    this.#list = this.#list.filter(e => e[0] !== String(k) || (v !== undefined && e[1] !== String(v)))
    this.#touch()
  }
  get(k) { return this.#list.find(e => e[0] === String(k))?.[1] ?? null }
  getAll(k) { return this.#list.filter(e => e[0] === String(k)).map(e => e[1]) }
  has(k, v) { return this.#list.some(e => e[0] === String(k) && (v === undefined || e[1] === String(v))) }
  set(k, v) {
    const at = this.#list.findIndex(e => e[0] === String(k))
    if (at < 0) {
      this.append(k, v)
      return
    }
    this.#list = this.#list.filter((e, i) => i === at || e[0] !== String(k))
    this.#list[at][1] = String(v)
    this.#touch()
  }
  sort() {
    this.#list.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
    this.#touch()
  }
  forEach(f, that) { for (const [k, v] of this.#list) f.call(that, v, k, this) }
  * entries() { for (const e of this.#list) yield [...e] }
  * keys() { for (const e of this.#list) yield e[0] }
  * values() { for (const e of this.#list) yield e[1] }
  [Symbol.iterator]() { return this.entries() }
  toString() { return this.#list.map(e => `${formEncode(e[0])}=${formEncode(e[1])}`).join('&') }
}
const replaceParams = URLSearchParams.replace
delete URLSearchParams.replace

class URL {
  #parts
  #params
  constructor(url, base) {
    const r = native.native('url', String(url), base === undefined ? '' : String(base))
    if (r === '') throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: String(url) })
    this.#parts = parse(r)
  }
  static parse(url, base) {
    try { return new URL(url, base) } catch { return null }
  }
  static canParse(url, base) { return URL.parse(url, base) !== null }
  #set(part, value) {
    this.#parts = parse(native.native('seturl', this.#parts.href, part, String(value)))
  }
  static {
    for (const part of ['protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash']) {
      defineProperty(URL.prototype, part, {
        get() { return this.#parts[part] },
        set(v) {
          this.#set(part, v)
          if (part === 'search' && this.#params) replaceParams(this.#params, this.search)
        },
        enumerable: true,
        configurable: true,
      })
    }
  }
  get href() { return this.#parts.href }
  set href(v) {
    this.#parts = new URL(v).#parts
    if (this.#params) replaceParams(this.#params, this.search)
  }
  get origin() { return this.#parts.origin }
  get searchParams() { return (this.#params ??= new URLSearchParams(this.search, s => this.#set('search', s))) }
  toString() { return this.#parts.href }
  toJSON() { return this.#parts.href }
}

for (const c of [URL, URLSearchParams]) hidden(g, c.name, c)
