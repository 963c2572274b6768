// Web Crypto: random values, digests, HMAC; the work is done in Go.

const hashes = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']

function notSupported(what) { return new DOMException(`${what} is not supported`, 'NotSupportedError') }

function hashName(a) {
  const name = String(typeof a === 'object' && a !== null ? a.name : a).toUpperCase()
  if (!hashes.includes(name)) throw notSupported(`the algorithm ${name}`)
  return name
}

const secret = Symbol()

class CryptoKey {
  #bytes
  constructor(token, bytes, algorithm, extractable, usages) {
    if (token !== secret) throw new TypeError('Illegal constructor')
    this.#bytes = bytes
    hidden(this, 'type', 'secret')
    hidden(this, 'algorithm', algorithm)
    hidden(this, 'extractable', extractable)
    hidden(this, 'usages', usages)
  }
  static bytes(key, usage) {
    if (!(key instanceof CryptoKey)) throw new TypeError('not a CryptoKey')
    if (usage && !key.usages.includes(usage)) throw new DOMException(`the key may not ${usage}`, 'InvalidAccessError')
    return key.#bytes
  }
}
const keyBytes = CryptoKey.bytes
delete CryptoKey.bytes

const hmac = (key, usage, data) => toBytes(native.native('hmac', key.algorithm.hash.name, keyBytes(key, usage).toBase64(), viewOf(data, usage).toBase64()))

function hmacOnly(a) {
  const name = String(typeof a === 'object' && a !== null ? a.name : a).toUpperCase()
  if (name !== 'HMAC') throw notSupported(`the algorithm ${name}`)
}

const subtle = {
  async digest(a, data) { return toBytes(native.native('digest', hashName(a), viewOf(data, 'digest').toBase64())).buffer },
  async importKey(format, data, a, extractable, usages) {
    hmacOnly(a)
    if (format !== 'raw' && format !== 'jwk') throw notSupported(`the format ${format}`)
    const bytes = format === 'jwk' ? Uint8Array.fromBase64(data.k, { alphabet: 'base64url' }) : viewOf(data, 'importKey').slice()
    if (bytes.length === 0) throw new DOMException('the key is empty', 'DataError')
    return new CryptoKey(secret, bytes, { name: 'HMAC', hash: { name: hashName(a.hash) }, length: bytes.length * 8 }, extractable === true, [...usages])
  },
  async generateKey(a, extractable, usages) {
    hmacOnly(a)
    const hash = hashName(a.hash)
    const bytes = random(a.length === undefined ? (hash === 'SHA-384' || hash === 'SHA-512' ? 128 : 64) : Math.ceil(a.length / 8))
    return new CryptoKey(secret, bytes, { name: 'HMAC', hash: { name: hash }, length: bytes.length * 8 }, extractable === true, [...usages])
  },
  async exportKey(format, key) {
    const bytes = keyBytes(key)
    if (!key.extractable) throw new DOMException('the key is not extractable', 'InvalidAccessError')
    if (format === 'raw') return bytes.slice().buffer
    if (format !== 'jwk') throw notSupported(`the format ${format}`)
    return {
      kty: 'oct', k: bytes.toBase64({ alphabet: 'base64url', omitPadding: true }), ext: true,
      alg: 'HS' + key.algorithm.hash.name.slice(4), key_ops: [...key.usages],
    }
  },
  async sign(a, key, data) {
    hmacOnly(a)
    return hmac(key, 'sign', data).buffer
  },
  async verify(a, key, signature, data) {
    hmacOnly(a)
    const want = hmac(key, 'verify', data)
    return native.native('equal', want.toBase64(), viewOf(signature, 'verify').toBase64()) === 'true'
  },
}

function random(n) {
  if (n > 65536) throw new DOMException('at most 65,536 bytes at a time', 'QuotaExceededError')
  return toBytes(native.native('random', String(n)))
}

hidden(g, 'crypto', {
  subtle,
  getRandomValues(view) {
    if (!ArrayBuffer.isView(view) || view instanceof DataView || view instanceof Float32Array || view instanceof Float64Array) {
      throw new DOMException('getRandomValues takes an array of integers', 'TypeMismatchError')
    }
    viewOf(view, 'getRandomValues').set(random(view.byteLength))
    return view
  },
  randomUUID: () => native.native('uuid'),
})
hidden(g, 'CryptoKey', CryptoKey)
hidden(g, 'self', g)
