class Event {
  constructor(type) {
    this.type = String(type)
    this.target = null
    this.defaultPrevented = false
  }
  preventDefault() { this.defaultPrevented = true }
}

class EventTarget {
  #listeners = new Map()
  addEventListener(type, f, o) {
    const of = this.#listeners.get(type) ?? []
    if (f && !of.some(l => l.f === f)) of.push({ f, once: o?.once === true })
    this.#listeners.set(type, of)
  }
  removeEventListener(type, f) {
    this.#listeners.set(type, (this.#listeners.get(type) ?? []).filter(l => l.f !== f))
  }
  dispatchEvent(event) {
    event.target = this
    for (const l of [...(this.#listeners.get(event.type) ?? [])]) {
      if (l.once) this.removeEventListener(event.type, l.f)
      try {
        if (typeof l.f === 'function') l.f.call(this, event)
        else l.f.handleEvent(event)
      } catch (e) {
        say('error', ['in a listener:', e])
      }
    }
    return !event.defaultPrevented
  }
}

class DOMException extends Error {
  constructor(message = '', name = 'Error') {
    super(message)
    hidden(this, 'name', String(name))
  }
}

const making = Symbol()

class AbortSignal extends EventTarget {
  aborted = false
  reason = undefined
  onabort = null
  constructor(token) {
    super()
    if (token !== making) throw new TypeError('Illegal constructor')
  }
  throwIfAborted() { if (this.aborted) throw this.reason }
  static abort(reason) {
    const s = new AbortSignal(making)
    abort(s, reason)
    return s
  }
  static timeout(ms) {
    const s = new AbortSignal(making)
    startTimer(() => abort(s, new DOMException('the time is over', 'TimeoutError')), ms, false, [])
    return s
  }
  static any(signals) {
    const s = new AbortSignal(making)
    for (const from of signals) {
      if (from.aborted) abort(s, from.reason)
      else from.addEventListener('abort', () => abort(s, from.reason), { once: true })
    }
    return s
  }
}

function abort(signal, reason = new DOMException('this was aborted', 'AbortError')) {
  if (signal.aborted) return
  signal.aborted = true
  signal.reason = reason
  const event = new Event('abort')
  signal.onabort?.(event)
  signal.dispatchEvent(event)
}

class AbortController {
  signal = new AbortSignal(making)
  abort(reason) { abort(this.signal, reason) }
}

for (const c of [Event, EventTarget, DOMException, AbortSignal, AbortController]) hidden(g, c.name, c)
