const inspectDepth = 4

// inspect shows a value in a line, as consoles do.
function inspect(v, depth = 0, above = []) {
  switch (typeof v) {
    case 'string': return depth === 0 ? v : stringify(v)
    case 'bigint': return `${v}n`
    case 'function': return `[Function${v.name ? ' ' + v.name : ''}]`
    case 'object': break
    default: return String(v)
  }
  if (v === null) return 'null'
  if (above.includes(v)) return '[Circular]'
  if (v instanceof Error) {
    const more = v.code === undefined ? '' : ` {code: ${inspect(v.code, 1)}}`
    return `${v.name}: ${v.message}${more}\n${v.stack ?? ''}`.trimEnd()
  }
  if (v instanceof Date) return Number.isNaN(v.getTime()) ? 'Invalid Date' : v.toISOString()
  if (v instanceof RegExp) return String(v)
  if (v instanceof Promise) return 'Promise {}'
  const path = [...above, v]
  const show = x => inspect(x, depth + 1, path)
  const list = (xs, n) => xs.slice(0, 100).concat(n > 100 ? [`... ${n - 100} more`] : []).join(', ')
  if (isArray(v) || (ArrayBuffer.isView(v) && !(v instanceof DataView))) {
    const name = isArray(v) ? '' : `${v.constructor.name}(${v.length}) `
    if (depth > inspectDepth) return `${name}[Array]`
    return `${name}[${list(Array.from(Array.prototype.slice.call(v, 0, 101), show), v.length)}]`
  }
  if (depth > inspectDepth) return '[Object]'
  if (v instanceof Map) return `Map(${v.size}) {${list([...v].slice(0, 101).map(([k, x]) => `${show(k)} => ${show(x)}`), v.size)}}`
  if (v instanceof Set) return `Set(${v.size}) {${list([...v].slice(0, 101).map(show), v.size)}}`
  const name = Object.getPrototypeOf(v)?.constructor?.name
  const all = keys(v)
  const fields = all.slice(0, 101).map(k => `${/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(k) ? k : stringify(k)}: ${show(v[k])}`)
  return `${name && name !== 'Object' ? name + ' ' : ''}{${list(fields, all.length)}}`
}

function line(args) {
  const [format, ...rest] = args
  let out = []
  if (typeof format === 'string' && format.includes('%')) {
    out.push(format.replace(/%[sdifjoOc%]/g, m => {
      if (m === '%%') return '%'
      if (rest.length === 0) return m
      const v = rest.shift()
      switch (m) {
        case '%s': return typeof v === 'string' ? v : inspect(v, 1)
        case '%d': return String(Number(v))
        case '%i': return String(Math.trunc(Number(v)))
        case '%f': return String(parseFloat(v))
        case '%j': return stringify(v)
        case '%c': return ''
        default: return inspect(v, 1)
      }
    }))
    out = out.concat(rest.map(x => inspect(x)))
  } else {
    out = args.map(x => inspect(x))
  }
  return out.join(' ')
}

function say(level, args) {
  let text
  try { text = line(args) } catch { text = 'a value that cannot be shown' }
  native.native('log', level, text)
}

const counts = new Map()
const stopwatches = new Map()
const nothing = () => {}
hidden(g, 'console', {
  debug: (...a) => say('debug', a),
  log: (...a) => say('info', a),
  info: (...a) => say('info', a),
  warn: (...a) => say('warn', a),
  error: (...a) => say('error', a),
  trace: (...a) => say('debug', [...a, '\n' + new Error().stack]),
  dir: v => say('info', [v]),
  table: v => say('info', [v]),
  assert: (ok, ...a) => { if (!ok) say('error', ['Assertion failed', ...a]) },
  count(label = 'default') {
    counts.set(label, (counts.get(label) ?? 0) + 1)
    say('info', [`${label}: ${counts.get(label)}`])
  },
  countReset: (label = 'default') => { counts.delete(label) },
  time: (label = 'default') => { stopwatches.set(label, Date.now()) },
  timeLog: (label = 'default', ...a) => say('info', [`${label}: ${Date.now() - (stopwatches.get(label) ?? Date.now())}ms`, ...a]),
  timeEnd(label = 'default') {
    g.console.timeLog(label)
    stopwatches.delete(label)
  },
  group: (...a) => { if (a.length > 0) say('info', a) },
  groupCollapsed: (...a) => { if (a.length > 0) say('info', a) },
  groupEnd: nothing,
})
