import { fromBody, HutchError } from './error.ts'
import { decode, encode } from './values.ts'

const deadlineMs = 30_000
const refused: string[] = ['unauthenticated', 'bad_jwt', 'session_not_found', 'session_expired'] // of a token; /auth has words of its own

export interface Request {
  method: string
  path: string
  body?: unknown
  /** Idempotency-Key; with one, by GET, or where it is safe, a lost answer is asked for again. */
  key?: string | undefined
  safe?: true
  signal?: AbortSignal | undefined
  /** Sent instead of the session's token; null: none. */
  token?: string | null
}

export interface Answer { status: number; body: unknown; position: string | null }

/** HTTP to the one server, with the caller's token, retries and one kind of error. */
export class Transport {
  readonly url: string
  /** The token to send; another than the one that was refused. */
  token: (refused?: string) => Promise<string | null> = async () => null
  /** Who is signed in: what was begun as one is not sent again as another. */
  who: () => string | null = () => null

  private readonly headers: Record<string, string> | undefined

  constructor(url: string, headers?: Record<string, string>) {
    this.headers = headers
    this.url = url.replace(/\/+$/, '')
  }

  async send(r: Request): Promise<Answer> {
    const end = Date.now() + deadlineMs
    const again = r.method === 'GET' || r.key !== undefined || r.safe
    const body = r.body === undefined ? undefined : encode(r.body)
    let mayRefresh = r.token === undefined
    let token = r.token === undefined ? await this.token() : r.token
    const who = this.who()
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.once(r, body, end, token)
      } catch (e) {
        if (!HutchError.is(e) || r.signal?.aborted) throw e
        if (refused.includes(e.code) && mayRefresh && token) {
          mayRefresh = false // it may have been revoked, or have expired on the way
          token = await this.token(token)
          if (token === null || this.who() !== who) throw e
          continue
        }
        const temporary = e.code === 'unavailable' || e.code === 'resource_exhausted' && e.retryMs !== undefined
        const wait = e.retryMs ?? Math.random() * Math.min(8000, 200 * 2 ** attempt)
        if (!again || !temporary || Date.now() + wait >= end) throw e
        await sleep(wait, r.signal)
        if (r.token === undefined) {
          if (this.who() !== who) throw e
          token = await this.token()
        }
      }
    }
  }

  private async once(r: Request, body: string | undefined, end: number, token: string | null): Promise<Answer> {
    const headers = { ...this.headers }
    if (token) headers.authorization = 'Bearer ' + token
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (r.key !== undefined) headers['idempotency-key'] = r.key
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(), Math.max(1, end - Date.now()))
    const abort = () => timeout.abort()
    r.signal?.addEventListener('abort', abort)
    try {
      if (r.signal?.aborted) throw cancelled()
      const init: RequestInit = { method: r.method, headers, signal: timeout.signal, redirect: 'error' }
      if (body !== undefined) init.body = body
      const res = await fetch(this.url + r.path, init)
      const text = await res.text()
      return read(res, text)
    } catch (e) {
      if (HutchError.is(e)) throw e
      if (r.signal?.aborted) throw cancelled()
      throw new HutchError('unavailable', timeout.signal.aborted ? 'no answer in time' : 'the server cannot be reached')
    } finally {
      clearTimeout(timer)
      r.signal?.removeEventListener('abort', abort)
    }
  }
}

function read(res: Response, text: string): Answer {
  let body: unknown = null
  try {
    if (text !== '') body = decode(text)
  } catch {
    throw foreign(res.status)
  }
  if (res.ok) return { status: res.status, body, position: res.headers.get('hutch-position') }
  const after = Number(res.headers.get('retry-after') ?? NaN)
  throw fromBody(body, Number.isFinite(after) ? after * 1000 : undefined) ?? foreign(res.status)
}

function foreign(status: number): HutchError {
  return new HutchError('unavailable', 'the answer did not come from Hutch', { details: { status } })
}

function cancelled(): HutchError {
  return new HutchError('cancelled', 'the request was aborted')
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      done()
    }, ms)
    const stop = () => {
      clearTimeout(timer)
      fail(cancelled())
    }
    signal?.addEventListener('abort', stop, { once: true })
  })
}
