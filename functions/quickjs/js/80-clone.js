// structuredClone, without transfers and streams.

function cannot(v) { return new DOMException(`${oneLine(v)} cannot be cloned`, 'DataCloneError') }

function clone(v, seen) {
  if (typeof v === 'function' || typeof v === 'symbol') throw cannot(String(v))
  if (typeof v !== 'object' || v === null) return v
  const known = seen.get(v)
  if (known !== undefined) return known
  const keep = c => {
    seen.set(v, c)
    return c
  }
  if (isArray(v)) {
    const out = keep(new Array(v.length))
    for (const k of keys(v)) out[k] = clone(v[k], seen)
    return out
  }
  if (v instanceof Date) return keep(new Date(v.getTime()))
  if (v instanceof RegExp) return keep(new RegExp(v.source, v.flags))
  if (v instanceof ArrayBuffer) return keep(v.slice(0))
  if (v instanceof DataView) return keep(new DataView(clone(v.buffer, seen), v.byteOffset, v.byteLength))
  if (ArrayBuffer.isView(v)) return keep(new v.constructor(clone(v.buffer, seen), v.byteOffset, v.length))
  if (v instanceof Map) {
    const out = keep(new Map())
    for (const [k, x] of v) out.set(clone(k, seen), clone(x, seen))
    return out
  }
  if (v instanceof Set) {
    const out = keep(new Set())
    for (const x of v) out.add(clone(x, seen))
    return out
  }
  if (v instanceof Error) {
    const kind = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }[v.name] ?? Error
    const out = keep(new kind(v.message))
    hidden(out, 'stack', v.stack)
    if ('cause' in v) hidden(out, 'cause', clone(v.cause, seen))
    return out
  }
  if (v instanceof Promise || v instanceof WeakMap || v instanceof WeakSet || v instanceof WeakRef) throw cannot(v)
  for (const box of [Boolean, Number, String, BigInt]) {
    if (v instanceof box) return keep(Object(v.valueOf()))
  }
  const out = keep(Object.getPrototypeOf(v) === null ? { __proto__: null } : {})
  for (const k of keys(v)) {
    defineProperty(out, k, { value: clone(v[k], seen), writable: true, enumerable: true, configurable: true })
  }
  return out
}

hidden(g, 'structuredClone', v => clone(v, new Map()))
