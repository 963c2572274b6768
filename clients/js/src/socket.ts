import { HutchError } from './error.ts'
import { decode, encode } from './values.ts'

/** Frames of the protocol hutch.v1 that the server sends. */
export type Frame =
  | { t: 'welcome'; epoch: string; v: string; uid: string | null; ping?: number }
  | { t: 'auth'; uid: string | null }
  | { t: 'subbed'; id: number; q: string; resume: boolean }
  | { t: 'snap'; q: string; v: string; docs: Doc[]; more?: boolean; last?: true }
  | { t: 'delta'; q: string; v: string; ch: DocChange[]; more?: boolean; end?: true }
  | { t: 'commit'; v: string }
  | { t: 'reset'; q: string; why: string }
  | { t: 'end'; id: number; code: string; message: string }
  | { t: 'error'; code: string; message: string; retryMs?: number }
  | { t: 'pong'; n: number }
  | { t: 'bye'; why: string; retryMs?: number }

export interface Doc { _id: string; _version: number; [field: string]: unknown }
export type DocChange = { op: 'set'; doc: Doc; at?: number } | { op: 'del' | 'out'; id: string }

/** What the socket tells its owner. */
export interface Handlers {
  /** A new connection was welcomed; subscriptions are to be sent again. */
  open(epoch: string): void
  frame(f: Frame): void
  closed(): void
  refused(e: HutchError): void
}

const quietMs = 45_000 // without a frame the connection counts as lost

/** One connection that is kept up while it is wanted. */
export class Socket {
  private ws: WebSocket | undefined
  private welcomed = false
  private attempts = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private heart: ReturnType<typeof setInterval> | undefined
  private heard = 0
  private wanted = false
  private latest: string | null | undefined
  private sent: string | null = null
  private readonly url: string
  private readonly token: (fresh?: boolean) => Promise<string | null>
  private readonly on: Handlers
  private readonly wake = () => this.hurry()

  constructor(url: string, token: (fresh?: boolean) => Promise<string | null>, on: Handlers) {
    this.url = url.replace(/^http/, 'ws') + '/realtime/v1'
    this.token = token
    this.on = on
  }

  want(): void {
    if (this.wanted) return
    this.wanted = true
    for (const e of ['online', 'focus', 'pageshow']) globalThis.addEventListener?.(e, this.wake)
    void this.connect()
  }

  unwant(): void {
    this.wanted = false
    for (const e of ['online', 'focus', 'pageshow']) globalThis.removeEventListener?.(e, this.wake)
    clearTimeout(this.timer)
    this.drop()
  }

  get open(): boolean {
    return this.welcomed
  }

  send(frame: object): void {
    if (this.welcomed) this.ws?.send(encode(frame))
  }

  /** How many `auth` answers are to come. */
  unanswered = 0

  /** The token was refreshed, or another user signed in, or nobody is. */
  authenticate(token: string | null): void {
    this.latest = token
    if (!this.welcomed || token === this.sent) return // hello, or what follows it, will carry it
    this.sent = token
    this.unanswered++
    this.send({ t: 'auth', token })
  }

  private async connect(fresh = false): Promise<void> {
    clearTimeout(this.timer)
    if (!this.wanted || this.ws) return
    if (typeof WebSocket === 'undefined') {
      this.on.refused(new HutchError('unimplemented', 'live queries need a WebSocket'))
      return
    }
    const ws = this.ws = new WebSocket(this.url, 'hutch.v1')
    let token: string | null = null
    try {
      token = await this.token(fresh)
    } catch {
      if (this.ws === ws) this.lost()
      return
    }
    if (this.ws !== ws) return
    this.sent = this.latest = token
    const hello = () => ws.send(encode({ t: 'hello', proto: 1, client: 'js/0.1.0', ...(token && { token }) }))
    if (ws.readyState === WebSocket.OPEN) hello()
    else ws.onopen = hello
    ws.onmessage = m => {
      if (this.ws === ws) this.receive(m.data as string)
    }
    ws.onclose = c => {
      if (this.ws === ws) this.lost(c.code)
    }
    ws.onerror = () => {}
    if (ws.readyState === WebSocket.CLOSED) this.lost()
  }

  private receive(text: string): void {
    this.heard = Date.now()
    const f = decode(text) as Frame
    switch (f.t) {
      case 'welcome':
        this.welcomed = true
        this.attempts = this.unanswered = 0
        clearInterval(this.heart)
        this.heart = setInterval(() => this.beat(), Math.min(f.ping ?? 30, 30) * 1000)
        if (this.latest !== undefined) this.authenticate(this.latest)
        this.on.open(f.epoch)
        return
      case 'auth':
        this.unanswered = Math.max(0, this.unanswered - 1)
        this.on.frame(f)
        return
      case 'bye':
        this.lost(1001, f.retryMs)
        return
      case 'error':
        if (f.code === 'resource_exhausted' && f.retryMs) this.lost(4013, f.retryMs)
        return
      case 'pong':
        return
      default:
        this.on.frame(f)
    }
  }

  private beat(): void {
    if (Date.now() - this.heard > quietMs) this.lost()
    else this.send({ t: 'ping', n: 1 })
  }

  /** The connection is gone: again after full jitter, or as the server said. */
  private lost(code = 1006, retryMs?: number): void {
    this.drop()
    if (!this.wanted) return
    const wait = retryMs ?? Math.random() * Math.min(30_000, 500 * 2 ** this.attempts)
    this.attempts++
    this.timer = setTimeout(() => void this.connect(code === 4001), wait)
  }

  private drop(): void {
    const ws = this.ws
    const was = this.welcomed
    this.ws = undefined
    this.welcomed = false
    clearInterval(this.heart)
    if (ws) {
      ws.onmessage = ws.onclose = ws.onopen = null
      ws.onerror = () => {}
      ws.close()
    }
    if (was) this.on.closed()
  }

  private hurry(): void {
    if (!this.ws && this.wanted) void this.connect()
  }
}
