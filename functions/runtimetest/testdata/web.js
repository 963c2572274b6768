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

for (const [input, base, href] of [
  ['https://EXAMPLE.com:443/a/../b?q=1#h', undefined, 'https://example.com/b?q=1#h'],
  ['/x?y', 'http://a.test/b/c', 'http://a.test/x?y'],
  ['../d', 'http://a.test/b/c/e', 'http://a.test/b/d'],
  ['http://user:pa ss@h/', undefined, 'http://user:pa%20ss@h/'],
  ['https://bücher.example/ä', undefined, 'https://xn--bcher-kva.example/%C3%A4'],
  ['http://0x7f.1/', undefined, 'http://127.0.0.1/'],
  ['http://[::FFFF:1]/', undefined, 'http://[::ffff:1]/'],
  ['mailto:a@b', undefined, 'mailto:a@b'],
  ['\thttp://a\n/', undefined, 'http://a/'],
  ['http:\\\\a\\b', undefined, 'http://a/b'],
]) check(`URL ${JSON.stringify(input)}`, () => equal(new URL(input, base).href, href))
for (const input of ['', '/x', 'http://', 'http://a b/', 'http://a:99999/', 'http://[::1', 'https://exa%23mple/']) {
  check(`no URL ${JSON.stringify(input)}`, () => {
    throws(() => new URL(input), 'TypeError')
    equal([URL.canParse(input), URL.parse(input)], [false, null])
  })
}
check('URL parts', () => {
  const u = new URL('https://u:p@h.test:8080/p/q?a=1&b=2#f')
  equal([u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash],
    ['https://h.test:8080', 'https:', 'u', 'p', 'h.test:8080', 'h.test', '8080', '/p/q', '?a=1&b=2', '#f'])
  equal([String(u), JSON.stringify(u)], [u.href, `"${u.href}"`])
})
check('URL setters', () => {
  const u = new URL('http://a.test/x?y=1')
  u.pathname = '/ä b'
  u.hash = 'z'
  u.port = '81'
  u.searchParams.append('k', 'v w')
  equal(u.href, 'http://a.test:81/%C3%A4%20b?y=1&k=v+w#z')
  u.search = '?n=2'
  equal([u.searchParams.get('n'), u.searchParams.get('y')], ['2', null])
  u.searchParams.delete('n')
  equal(u.href, 'http://a.test:81/%C3%A4%20b#z')
})
check('URLSearchParams', () => {
  const p = new URLSearchParams('?a=1&b=%C3%A9+x&a=2&c&=e&bad=%zz%ff')
  equal([p.get('a'), p.getAll('a'), p.get('b'), p.get('c'), p.get(''), p.get('bad'), p.get('no'), p.size], ['1', ['1', '2'], 'é x', '', 'e', '%zz\ufffd', null, 6])
  p.set('a', '3')
  p.delete('bad')
  p.sort()
  equal(p.toString(), '=e&a=3&b=%C3%A9+x&c=')
  equal(new URLSearchParams({ x: "!'()~*-._ &=+" }).toString(), 'x=%21%27%28%29%7E*-._+%26%3D%2B')
  equal([...new URLSearchParams([['a', 'b'], ['c', 'd']])], [['a', 'b'], ['c', 'd']])
  throws(() => new URLSearchParams([['a']]), 'TypeError')
  equal(new URLSearchParams('a=1').has('a', '2'), false)
})
check('Headers', () => {
  const h = new Headers({ 'X-A': '1', 'content-type': 'text/plain' })
  h.append('x-a', ' 2 ')
  h.append('Set-Cookie', 'a=1')
  h.append('Set-Cookie', 'b=2')
  equal([h.get('X-a'), h.has('Content-Type'), h.get('no'), h.getSetCookie()], ['1, 2', true, null, ['a=1', 'b=2']])
  equal([...h.keys()], ['content-type', 'set-cookie', 'set-cookie', 'x-a'])
  h.delete('x-a')
  equal(h.has('x-a'), false)
})
check('S82 header injection', () => {
  throws(() => new Headers({ 'a': 'x\r\nSet-Cookie: y' }), 'TypeError')
  throws(() => new Headers({ 'a\r\nb': 'x' }), 'TypeError')
  throws(() => new Headers({ 'a': 'x\0' }), 'TypeError')
  throws(() => new Headers({ '': 'x' }), 'TypeError')
  throws(() => new Response('', { headers: { a: 'ä€' } }), 'TypeError')
})
check('Response', async () => {
  equal(await new Response('é').text(), 'é')
  equal(await Response.json({ a: 1 }).json(), { a: 1 })
  equal([...new Uint8Array(await new Response(new Uint8Array([1, 2])).arrayBuffer())], [1, 2])
  const r = new Response('x', { status: 404, headers: { a: 'b' } })
  equal([r.status, r.ok, r.headers.get('a'), r.headers.get('content-type'), r.bodyUsed], [404, false, 'b', 'text/plain;charset=UTF-8', false])
  equal([await r.clone().text(), await r.text()], ['x', 'x'])
  await r.text().then(() => { throw new Error('read twice') }, e => equal(e.name, 'TypeError'))
  equal([Response.redirect('/x').status, Response.redirect('/x', 301).headers.get('location')], [302, '/x'])
  throws(() => new Response('x', { status: 99 }), 'RangeError')
  throws(() => new Response('x', { status: 204 }), 'TypeError')
})
check('Request', async () => {
  const r = new Request('http://a.test/x', { method: 'post', body: new URLSearchParams({ a: '1' }) })
  equal([r.method, r.url, r.headers.get('content-type')], ['POST', 'http://a.test/x', 'application/x-www-form-urlencoded;charset=UTF-8'])
  equal((await r.clone().formData()).get('a'), '1')
  equal(await r.text(), 'a=1')
  throws(() => new Request('http://a.test', { body: 'x' }), 'TypeError')
  throws(() => new Request('/relative'), 'TypeError')
})
check('FormData', async () => {
  const f = new FormData()
  f.append('a', 1)
  f.append('a', 'two "quoted"\r\nlines')
  f.append('file', new File(['é', new Uint8Array([0, 255])], 'n.bin', { type: 'x/y' }))
  const back = await new Response(f).formData()
  const file = back.get('file')
  equal([back.getAll('a'), file.name, file.type, file.size, [...(await file.bytes())]], [['1', 'two "quoted"\r\nlines'], 'n.bin', 'x/y', 4, [195, 169, 0, 255]])
  f.set('a', 'z')
  equal([f.getAll('a'), [...f.keys()]], [['z'], ['a', 'file']])
  await new Response('x').formData().then(() => { throw new Error('a form') }, e => equal(e.name, 'TypeError'))
})
check('Blob', async () => {
  const b = new Blob(['ab', new Blob(['c'])], { type: 'Text/Plain' })
  equal([b.size, b.type, await b.text(), await b.slice(1).text()], [3, 'text/plain', 'abc', 'bc'])
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
