// Timers of the current run; they end with it.

let timers = new Map()
let lastTimer = 0

function wake() {
  let next = Infinity
  for (const t of timers.values()) if (t.due < next) next = t.due
  native.wake(next === Infinity ? -1 : Math.max(0, next - Date.now()))
}

function startTimer(f, ms, every, args) {
  if (typeof f !== 'function') throw new TypeError('a timer needs a function')
  ms = Math.min(Math.max(Number(ms) || 0, every ? 1 : 0), 2147483647)
  const id = ++lastTimer
  timers.set(id, { f, args, due: Date.now() + ms, every: every ? ms : 0 })
  wake()
  return id
}

function stopTimer(id) {
  if (timers.delete(Number(id))) wake()
}

// tick runs the timer that is due first and gives whether there was one.
function tick() {
  const now = Date.now()
  let id = 0
  let first
  for (const [n, t] of timers) {
    if (t.due <= now && (first === undefined || t.due < first.due)) {
      id = n
      first = t
    }
  }
  if (first === undefined) {
    wake()
    return
  }
  if (first.every > 0) first.due = now + first.every
  else timers.delete(id)
  wake()
  try {
    first.f(...first.args)
  } catch (e) {
    say('error', ['in a timer:', e])
  }
}

hidden(g, 'setTimeout', (f, ms, ...args) => startTimer(f, ms, false, args))
hidden(g, 'setInterval', (f, ms, ...args) => startTimer(f, ms, true, args))
hidden(g, 'setImmediate', (f, ...args) => startTimer(f, 0, false, args))
hidden(g, 'clearTimeout', stopTimer)
hidden(g, 'clearInterval', stopTimer)
hidden(g, 'clearImmediate', stopTimer)
hidden(g, 'queueMicrotask', f => {
  if (typeof f !== 'function') throw new TypeError('queueMicrotask needs a function')
  Promise.resolve().then(() => {
    try { f() } catch (e) { say('error', ['in a microtask:', e]) }
  })
})
hidden(g, 'performance', { now: () => Date.now() - began, timeOrigin: Date.now() })
const began = g.performance.timeOrigin
