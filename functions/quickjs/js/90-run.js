// start begins a run and gives its outcome, or undefined where `done` will.
function start(event, deadline, admin) {
  const run = (current = { deadline, admin, done: false })
  if (timers.size > 0) timers = new Map()
  if (waiting.size > 0) waiting.clear()
  let p
  try {
    p = main(decode(event), new Context(run))
  } catch (e) {
    run.done = true
    return failure(e)
  }
  if (typeof p !== 'object' || p === null || typeof p.then !== 'function') {
    run.done = true
    return outcome(p)
  }
  Promise.resolve(p).then(
    v => end(run, outcome, v),
    e => end(run, failure, e),
  )
  return undefined
}

function end(run, form, v) {
  if (run !== current || run.done) return
  run.done = true
  native.done(form(v))
}

// outcome is 'u' for undefined, 'r' a Response, 'v' any other value.
function outcome(v) {
  try {
    if (v instanceof Response) return 'r' + v[wire]()
    const t = encode(v)
    return t === undefined ? 'u' : 'v' + t
  } catch (e) {
    return failure(e)
  }
}

// main is the default export, once the bundle has run.
let main

function load() {
  const bundle = g.__bundle
  delete g.__bundle
  main = bundle?.default
  if (typeof main !== 'function') throw new TypeError('the default export is not a function')
}

hidden(g, '__hutch', { start, settle, tick, load, encode })
