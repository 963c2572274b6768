// Text and bytes. Bytes cross to Go as base64, which the engine reads and
// writes itself.

const toBytes = b64 => Uint8Array.fromBase64(b64)

// viewOf gives the bytes of a buffer or a view.
function viewOf(v, what) {
  if (v instanceof Uint8Array) return v
  if (ArrayBuffer.isView(v)) return new Uint8Array(v.buffer, v.byteOffset, v.byteLength)
  if (v instanceof ArrayBuffer) return new Uint8Array(v)
  throw new TypeError(`${what} takes bytes`)
}

const utf8 = s => toBytes(native.native('encode', String(s)))
const fromUtf8 = bytes => native.native('decode', bytes.toBase64())

class TextEncoder {
  get encoding() { return 'utf-8' }
  encode(s = '') { return utf8(s) }
  encodeInto(s, into) {
    let read = 0
    let written = 0
    for (const c of String(s)) {
      const b = utf8(c)
      if (written + b.length > into.length) break
      into.set(b, written)
      written += b.length
      read += c.length
    }
    return { read, written }
  }
}

class TextDecoder {
  #fatal
  #keepBOM
  #rest = new Uint8Array(0)
  constructor(label = 'utf-8', o) {
    if (!/^\s*(utf-?8|unicode-1-1-utf-8)\s*$/i.test(label)) throw new RangeError(`the encoding ${label} is not supported`)
    this.#fatal = o?.fatal === true
    this.#keepBOM = o?.ignoreBOM === true
  }
  get encoding() { return 'utf-8' }
  get fatal() { return this.#fatal }
  get ignoreBOM() { return this.#keepBOM }
  decode(input, o) {
    let bytes = input === undefined ? new Uint8Array(0) : viewOf(input, 'decode')
    if (this.#rest.length > 0) {
      const all = new Uint8Array(this.#rest.length + bytes.length)
      all.set(this.#rest)
      all.set(bytes, this.#rest.length)
      bytes = all
    }
    this.#rest = new Uint8Array(0)
    if (o?.stream === true) {
      const n = partial(bytes)
      this.#rest = bytes.slice(bytes.length - n)
      bytes = bytes.subarray(0, bytes.length - n)
    }
    if (this.#fatal && native.native('valid', bytes.toBase64()) !== 'true') throw new TypeError('the bytes are not UTF-8')
    const s = fromUtf8(bytes)
    return this.#keepBOM || s.charCodeAt(0) !== 0xfeff ? s : s.slice(1)
  }
}

// partial counts the bytes of an unfinished character at the end.
function partial(bytes) {
  for (let i = 1; i <= Math.min(3, bytes.length); i++) {
    const b = bytes[bytes.length - i]
    if (b < 0x80) return 0
    if (b >= 0xc0) return (b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2) > i ? i : 0
  }
  return 0
}

function invalidCharacter(message) { return new DOMException(message, 'InvalidCharacterError') }

hidden(g, 'btoa', s => {
  s = String(s)
  const bytes = new Uint8Array(s.length)
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i)
    if (c > 255) throw invalidCharacter('btoa takes characters up to U+00FF')
    bytes[i] = c
  }
  return bytes.toBase64()
})
hidden(g, 'atob', s => {
  let bytes
  try {
    bytes = Uint8Array.fromBase64(String(s))
  } catch {
    throw invalidCharacter('the text is not base64')
  }
  let out = ''
  for (let i = 0; i < bytes.length; i += 4096) out += String.fromCharCode.apply(null, bytes.subarray(i, i + 4096))
  return out
})

for (const c of [TextEncoder, TextDecoder]) hidden(g, c.name, c)
