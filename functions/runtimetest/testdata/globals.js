const checks = []
const check = (name, f) => checks.push([name, f])
const equal = (got, want) => {
  const a = JSON.stringify(got)
  const b = JSON.stringify(want)
  if (a !== b) throw new Error(`got ${a}, want ${b}`)
}
const throws = (f, name) => {
  try { f() } catch (e) {
    if (name && e.name !== name) throw new Error(`threw ${e.name}: ${e.message}`)
    return
  }
  throw new Error('did not throw')
}

check('S80 no shared memory', () => equal([typeof SharedArrayBuffer, typeof Atomics], ['undefined', 'undefined']))
check('S80 whole milliseconds', () => equal([Number.isInteger(performance.now()), Number.isInteger(Date.now())], [true, true]))
check('no Node, no network', () => equal([typeof require, typeof process, typeof fetch, typeof XMLHttpRequest], Array(4).fill('undefined')))
check('no inner doors', () => equal(Object.getOwnPropertyNames(globalThis).filter(n => n.startsWith('__')), []))
check('globals are not enumerable', () => equal(Object.keys(globalThis).filter(n => n !== '__bundle'), []))
check('fn is the identity', () => { const f = () => 1; equal(fn(f) === f, true) })
check('HutchError', () => {
  const e = new HutchError('not_found', 'gone', { field: 'a', hint: 'h', details: { x: 1 }, retry: false })
  equal([e instanceof Error, e.name, e.code, e.message, e.field, e.hint, e.details.x, e.retry], [true, 'HutchError', 'not_found', 'gone', 'a', 'h', 1, false])
  equal([HutchError.is(e), HutchError.is(e, 'not_found'), HutchError.is(e, 'aborted'), HutchError.is(new Error('x')), HutchError.is(null)], [true, true, false, false, false])
})
check('modern JavaScript', () => {
  equal([3, 1, 2].toSorted(), [1, 2, 3])
  equal(Object.groupBy([1, 2, 3], x => (x % 2 ? 'odd' : 'even')).odd, [1, 3])
  equal('aXbX'.replaceAll('X', '-'), 'a-b-')
  equal(/(?<y>\d{4})/u.exec('in 2024').groups.y, '2024')
  equal([1, [2, [3]]].flat(Infinity), [1, 2, 3])
  equal(String(2n ** 70n), '1180591620717411303424')
})
check('eval and Function', () => equal([eval('1 + 1'), new Function('a', 'return a * 2')(4)], [2, 8]))
check('timers keep their order', async () => {
  const seen = []
  setTimeout(() => seen.push('late'), 12)
  setTimeout(x => seen.push(x), 1, 'early')
  const gone = setTimeout(() => seen.push('never'), 2)
  clearTimeout(gone)
  queueMicrotask(() => seen.push('micro'))
  await new Promise(r => setTimeout(r, 20))
  equal(seen, ['micro', 'early', 'late'])
})
check('intervals', async () => {
  let n = 0
  await new Promise(r => { const id = setInterval(() => { if (++n === 3) { clearInterval(id); r() } }, 1) })
  equal(n, 3)
})
check('a throwing timer harms nobody', async () => {
  setTimeout(() => { throw new Error('in a timer') }, 0)
  await new Promise(r => setTimeout(r, 2))
})
check('text', () => {
  equal([...new TextEncoder().encode('é€😀\ud800')], [195, 169, 226, 130, 172, 240, 159, 152, 128, 239, 191, 189])
  equal(new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 97, 0xff, 0xe2, 0x82, 98])), 'a\ufffd\ufffdb')
  equal(new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf])), '\ufeff')
  throws(() => new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255])), 'TypeError')
  throws(() => new TextDecoder('latin1'), 'RangeError')
  equal(new TextEncoder().encodeInto('aé€', new Uint8Array(4)), { read: 2, written: 3 })
  equal(new TextDecoder().decode(new Uint16Array([97, 98]).buffer), 'a\0b\0')
})
check('text in pieces', () => {
  const d = new TextDecoder()
  const euro = [226, 130, 172]
  equal(euro.map((b, i) => d.decode(new Uint8Array([b]), { stream: i < 2 })).join(''), '€')
  equal(d.decode(new Uint8Array([240, 159]), { stream: true }) + d.decode(), '\ufffd')
})
check('base64', () => {
  equal([btoa('aé\0'), atob('YWJj'), atob(' YW Jj ')], ['YekA', 'abc', 'abc'])
  equal(btoa(''), '')
  throws(() => btoa('€'), 'InvalidCharacterError')
  throws(() => atob('%'), 'InvalidCharacterError')
  const all = String.fromCharCode(...Array(256).keys())
  equal(atob(btoa(all)) === all, true)
})
check('structuredClone', () => {
  const o = { d: new Date(5), r: /x/gi, m: new Map([[{ k: 1 }, new Set([1])]]), b: new Uint8Array([1, 2]), n: null, u: undefined, big: 3n, e: new RangeError('r') }
  o.self = o
  const c = structuredClone(o)
  equal([c !== o, c.self === c, c.d.getTime(), String(c.r), [...c.m][0][1].has(1), [...c.b], c.n, 'u' in c, String(c.big), c.e.name, c.e instanceof RangeError],
    [true, true, 5, '/x/gi', true, [1, 2], null, true, '3', 'RangeError', true])
  throws(() => structuredClone({ f() {} }), 'DataCloneError')
  throws(() => structuredClone(Symbol('s')), 'DataCloneError')
  const p = JSON.parse('{"__proto__": {"x": 1}}')
  equal([Object.keys(structuredClone(p)), structuredClone(p).x], [['__proto__'], undefined])
})
check('AbortController', () => {
  const c = new AbortController()
  const seen = []
  c.signal.addEventListener('abort', () => seen.push('listener'))
  c.signal.onabort = () => seen.push('onabort')
  c.abort()
  c.abort()
  equal([seen, c.signal.aborted, c.signal.reason.name], [['onabort', 'listener'], true, 'AbortError'])
  throws(() => c.signal.throwIfAborted(), 'AbortError')
  equal([AbortSignal.abort('why').reason, AbortSignal.any([new AbortController().signal, c.signal]).aborted], ['why', true])
  throws(() => new AbortSignal(), 'TypeError')
})
check('AbortSignal.timeout', async () => {
  const s = AbortSignal.timeout(1)
  await new Promise(r => s.addEventListener('abort', r))
  equal(s.reason.name, 'TimeoutError')
})
check('random values', () => {
  const a = crypto.getRandomValues(new Uint32Array(8))
  equal([a.length, new Set(a).size > 6], [8, true])
  equal(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), true)
  throws(() => crypto.getRandomValues(new Uint8Array(65537)), 'QuotaExceededError')
  throws(() => crypto.getRandomValues(new Float64Array(1)), 'TypeMismatchError')
})
check('digests', async () => {
  const hex = async (a, s) => new Uint8Array(await crypto.subtle.digest(a, new TextEncoder().encode(s))).toHex()
  equal(await hex('SHA-256', 'abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  equal(await hex({ name: 'sha-1' }, 'abc'), 'a9993e364706816aba3e25717850c26c9cd0d89d')
  equal([(await hex('SHA-384', '')).length, (await hex('SHA-512', '')).length], [96, 128])
  await crypto.subtle.digest('MD5', new Uint8Array()).then(() => { throw new Error('MD5') }, e => equal(e.name, 'NotSupportedError'))
})
check('HMAC', async () => {
  const bytes = s => new TextEncoder().encode(s)
  const key = await crypto.subtle.importKey('raw', bytes('key'), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
  const mac = await crypto.subtle.sign('HMAC', key, bytes('The quick brown fox jumps over the lazy dog'))
  equal(new Uint8Array(mac).toHex(), 'f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8')
  equal(await crypto.subtle.verify('HMAC', key, mac, bytes('The quick brown fox jumps over the lazy dog')), true)
  equal(await crypto.subtle.verify('HMAC', key, mac, bytes('another text')), false)
  equal(await crypto.subtle.verify('HMAC', key, mac.slice(1), bytes('The quick brown fox jumps over the lazy dog')), false)
  const only = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-512' }, true, ['verify'])
  equal((await crypto.subtle.exportKey('raw', only)).byteLength, 128)
  await crypto.subtle.sign('HMAC', only, bytes('x')).then(() => { throw new Error('signed') }, e => equal(e.name, 'InvalidAccessError'))
  await crypto.subtle.exportKey('raw', key).then(() => { throw new Error('exported') }, e => equal(e.name, 'InvalidAccessError'))
  throws(() => new CryptoKey(), 'TypeError')
})
check('Intl', () => {
  equal(new Intl.NumberFormat('en-US', { style: 'currency', currency: 'EUR' }).format(1234.5), '€1,234.50')
  equal(new Date(0).toLocaleString('en-US', { timeZone: 'America/New_York' }), '12/31/1969, 7:00:00 PM')
  equal((1234567.5).toLocaleString(), '1,234,567.5')
  equal(new Date(0).toLocaleDateString(), '1/1/1970')
})

globalThis.__bundle = {
  default: async () => {
    const failed = []
    for (const [name, f] of checks) {
      try { await f() } catch (e) { failed.push(`${name}: ${e.message}\n${e.stack}`) }
    }
    return { count: checks.length, failed }
  },
}
