class HutchError extends Error {
  constructor(code, message, options) {
    super(message === undefined ? '' : String(message))
    this.code = String(code)
    if (options === undefined || options === null) return
    for (const k of ['reason', 'field', 'hint', 'details', 'retry', 'retryMs', 'requestId', 'cause']) {
      if (options[k] !== undefined) this[k] = options[k]
    }
  }
  // is works over two copies of the class.
  static is(e, code) {
    return typeof e === 'object' && e !== null && e.name === 'HutchError' && typeof e.code === 'string' &&
      (code === undefined || e.code === code)
  }
}
hidden(HutchError.prototype, 'name', 'HutchError')
hidden(g, 'HutchError', HutchError)
hidden(g, 'fn', f => f)

// oneLine is what was thrown, for people; it never throws itself.
function oneLine(e) {
  try {
    if (typeof e === 'object' && e !== null && typeof e.message === 'string') return `${e.name ?? 'Error'}: ${e.message}`
    return typeof e === 'string' ? e : inspect(e)
  } catch {
    return 'a value that cannot be shown'
  }
}

// failure is the outcome of a throw: 'h' of a HutchError, 'x' of anything else.
function failure(e) {
  let stack = ''
  try {
    stack = typeof e === 'object' && e !== null && typeof e.stack === 'string' ? e.stack : ''
    let cause = e?.cause
    for (let i = 0; i < 3 && typeof cause === 'object' && cause !== null; i++, cause = cause.cause) {
      stack += `caused by ${oneLine(cause)}\n${cause.stack ?? ''}`
    }
    if (HutchError.is(e)) {
      const { code, message, reason, field, hint, retry } = e
      const out = { code, message: String(message), reason, field, hint, retry, stack }
      for (const k of ['reason', 'field', 'hint']) if (out[k] !== undefined) out[k] = String(out[k])
      if (typeof retry !== 'boolean') delete out.retry
      if (e.details !== undefined) out.details = parse(encode(e.details) ?? 'null')
      return 'h' + stringify(out)
    }
    return 'x' + stringify({ name: String(e?.name ?? ''), text: oneLine(e), stack })
  } catch {
    return 'x' + stringify({ name: '', text: oneLine(e), stack })
  }
}
