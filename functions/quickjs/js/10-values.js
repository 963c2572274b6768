// Values between code and server: relaxed Extended JSON. All files of this
// folder are one function body; `g` is the global object.

const { parse, stringify } = JSON
const { isArray } = Array
const { keys, setPrototypeOf, defineProperty, getOwnPropertyDescriptor } = Object
const dateProto = Date.prototype
const bytesProto = Uint8Array.prototype
const bigProto = BigInt.prototype
const dateToJSON = dateProto.toJSON
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER)

const native = {}
for (const name of ['native', 'send', 'ask', 'wake', 'done']) {
  native[name] = g['__' + name]
  delete g['__' + name]
}
delete g.SharedArrayBuffer
delete g.Atomics

// hidden defines a property as the built-in ones are: not enumerable.
const hidden = (o, name, value) => defineProperty(o, name, { value, writable: true, configurable: true, enumerable: false })

// bare takes the prototypes of what JSON.parse made.
function bare(v) {
  if (isArray(v)) {
    for (let i = 0; i < v.length; i++) {
      const x = v[i]
      if (typeof x === 'object' && x !== null) bare(x)
    }
    return v
  }
  for (const k in v) {
    const x = v[k]
    if (typeof x === 'object' && x !== null) bare(x)
  }
  return setPrototypeOf(v, null)
}

// revive is bare that also reads tagged values.
function revive(v) {
  if (isArray(v)) {
    for (let i = 0; i < v.length; i++) {
      const x = v[i]
      if (typeof x === 'object' && x !== null) v[i] = revive(x)
    }
    return v
  }
  for (const k in v) {
    if (k.charCodeAt(0) === 36) {
      const t = untag(v, k)
      if (t !== undefined) return t
    }
    const x = v[k]
    if (typeof x === 'object' && x !== null) v[k] = revive(x)
  }
  return setPrototypeOf(v, null)
}

// untag gives the value that a tagged object means, undefined where it is none.
function untag(o, tag) {
  if (keys(o).length !== 1) return undefined
  const v = o[tag]
  switch (tag) {
    case '$date': {
      const at = typeof v === 'object' && v !== null ? Number(v.$numberLong) : typeof v === 'string' ? v : NaN
      const d = new Date(at)
      return Number.isNaN(d.getTime()) ? undefined : d
    }
    case '$binary':
      if (typeof v !== 'object' || v === null || typeof v.base64 !== 'string' || Number(v.subType) !== 0) return undefined
      try { return Uint8Array.fromBase64(v.base64) } catch { return undefined }
    case '$numberLong': {
      if (typeof v !== 'string' || !/^-?[0-9]{1,19}$/.test(v)) return undefined
      const n = BigInt(v)
      return n > maxSafe || n < -maxSafe ? n : Number(n)
    }
    case '$numberDouble': // the doubles that JSON cannot say
      return v === 'Infinity' ? Infinity : v === '-Infinity' ? -Infinity : v === 'NaN' ? NaN : undefined
  }
  return undefined
}

function decode(text) {
  const v = parse(text)
  if (typeof v !== 'object' || v === null) return v
  return text.includes('"$') ? revive(v) : bare(v)
}

function tagDate() { return { $date: this.toISOString() } }
function tagBytes() { return { $binary: { base64: this.toBase64(), subType: '00' } } }
function tagBig() {
  const n = BigInt(this)
  if (BigInt.asIntN(64, n) !== n) throw new RangeError('a bigint of more than 64 bits cannot be kept')
  return n > maxSafe || n < -maxSafe ? { $numberLong: String(n) } : Number(n)
}

// swap puts a toJSON in place for a while and gives what undoes it.
function swap(proto, f) {
  const before = getOwnPropertyDescriptor(proto, 'toJSON')
  hidden(proto, 'toJSON', f)
  return before
}
function unswap(proto, before) {
  if (before) defineProperty(proto, 'toJSON', before)
  else delete proto.toJSON
}

// encode gives a value's text, undefined for what JSON leaves out. The engine
// calls toJSON itself, which is many times faster than a replacer.
function encode(v) {
  if (typeof v === 'string' || typeof v === 'boolean' || v === null) return stringify(v)
  const date = swap(dateProto, tagDate)
  const bytes = swap(bytesProto, tagBytes)
  const big = swap(bigProto, tagBig)
  try {
    return stringify(v)
  } finally {
    unswap(dateProto, date)
    unswap(bytesProto, bytes)
    unswap(bigProto, big)
  }
}

// finite refuses numbers that JSON would turn into null.
function finite(v, path) {
  if (typeof v === 'number' && !Number.isFinite(v)) {
    throw new HutchError('invalid_argument', `${v} cannot be stored`, { field: path })
  }
  if (typeof v !== 'object' || v === null || v instanceof Date || ArrayBuffer.isView(v)) return
  for (const k of keys(v)) finite(v[k], isArray(v) ? `${path}[${k}]` : path ? `${path}.${k}` : k)
}
