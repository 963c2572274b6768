// Request and Response with their body in memory, as text or bytes.

const wire = Symbol('wire')

// bodyOf gives a body as text or bytes, and the content type it stands for.
function bodyOf(v) {
  if (v === undefined || v === null) return { empty: true, text: '' }
  if (v instanceof URLSearchParams) return { text: v.toString(), type: 'application/x-www-form-urlencoded;charset=UTF-8' }
  if (v instanceof FormData) return multipart(v)
  if (v instanceof Blob) return { bytes: bytesOf(v), type: v.type || undefined }
  if (v instanceof ArrayBuffer || ArrayBuffer.isView(v)) return { bytes: viewOf(v, 'a body').slice() }
  return { text: String(v), type: 'text/plain;charset=UTF-8' }
}

class Body {
  #body
  #used = false
  constructor(v, headers) {
    this.#body = bodyOf(v)
    defineProperty(this, 'headers', { value: new Headers(headers), enumerable: true })
    if (this.#body.type !== undefined && !this.headers.has('content-type')) this.headers.set('content-type', this.#body.type)
  }
  get bodyUsed() { return this.#used }
  get body() { return null }
  #take() {
    if (this.#used) throw new TypeError('the body has been read')
    this.#used = !this.#body.empty
    return this.#body
  }
  async text() {
    const b = this.#take()
    return b.text ?? fromUtf8(b.bytes)
  }
  async json() { return parse(await this.text()) }
  async bytes() {
    const b = this.#take()
    return b.bytes?.slice() ?? utf8(b.text)
  }
  async arrayBuffer() { return (await this.bytes()).buffer }
  async blob() { return new Blob([await this.bytes()], { type: this.headers.get('content-type') ?? '' }) }
  async formData() {
    const type = this.headers.get('content-type') ?? ''
    const form = new FormData()
    if (/^application\/x-www-form-urlencoded/i.test(type)) {
      for (const [k, v] of new URLSearchParams(await this.text())) form.append(k, v)
      return form
    }
    const r = native.native('multipart', type, (await this.bytes()).toBase64())
    if (r === '') throw new TypeError('the body is no form')
    for (const { name, file, type, data } of parse(r)) {
      const bytes = toBytes(data)
      form.append(name, file === '' ? fromUtf8(bytes) : new File([bytes], file, { type }))
    }
    return form
  }
  static { rawBody = b => b.#body }
}
var rawBody

class Response extends Body {
  constructor(body, init) {
    super(body, init?.headers)
    const status = init?.status === undefined ? 200 : Number(init.status)
    if (!Number.isInteger(status) || status < 200 || status > 599) throw new RangeError('the status is 200 to 599')
    if ([204, 205, 304].includes(status) && body !== undefined && body !== null) {
      throw new TypeError(`a response of status ${status} has no body`)
    }
    hidden(this, 'status', status)
    hidden(this, 'statusText', init?.statusText === undefined ? '' : String(init.statusText))
  }
  get ok() { return this.status < 300 }
  get redirected() { return false }
  get type() { return 'default' }
  get url() { return '' }
  clone() {
    const b = rawBody(this)
    return new Response(b.empty ? null : (b.text ?? b.bytes), this)
  }
  static json(v, init) {
    const headers = new Headers(init?.headers)
    if (!headers.has('content-type')) headers.set('content-type', 'application/json')
    return new Response(stringify(v), { ...init, status: init?.status, headers })
  }
  static redirect(url, status = 302) {
    if (![301, 302, 303, 307, 308].includes(status)) throw new RangeError('not the status of a redirect')
    return new Response(null, { status, headers: { location: String(url) } })
  }
  [wire]() {
    const b = rawBody(this)
    const head = { status: this.status, headers: [...this.headers] }
    return stringify(b.bytes === undefined ? { ...head, text: b.text } : { ...head, bytes: b.bytes.toBase64() })
  }
}

class Request extends Body {
  constructor(input, init) {
    const from = input instanceof Request ? input : undefined
    const inherited = from && init?.body === undefined ? rawBody(from) : undefined
    super(inherited ? (inherited.empty ? null : (inherited.text ?? inherited.bytes)) : init?.body, init?.headers ?? from?.headers)
    hidden(this, 'url', from ? from.url : new URL(input).href)
    hidden(this, 'method', String(init?.method ?? from?.method ?? 'GET').toUpperCase())
    hidden(this, 'signal', init?.signal ?? from?.signal ?? new AbortController().signal)
    if (['GET', 'HEAD'].includes(this.method) && !rawBody(this).empty) throw new TypeError(`a ${this.method} request has no body`)
  }
  clone() { return new Request(this) }
}

for (const c of [Response, Request]) hidden(g, c.name, c)
