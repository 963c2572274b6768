import { t } from '../text.ts'
import { ApiError } from './error.ts'

export type Query = Record<string, string | number | boolean | null | undefined>

interface Request {
  query?: Query
  /** Sent as JSON, unless it is a Blob. */
  body?: unknown
  signal?: AbortSignal | undefined
  headers?: Record<string, string>
}

/** What the server needs to see on every request of an operator; a foreign page cannot send it. */
export const adminHeaders = { 'X-Hutch-Admin': '1' }

let onSignedOut: () => void = () => {}

/** Tells who is to hear that the session has ended. */
export function whenSignedOut(f: () => void): void {
  onSignedOut = f
}

let onStale: () => Promise<boolean> = () => Promise.resolve(false)

/** Tells who asks the operator for the recent proof that the server wants of some acts; true: they gave it. */
export function whenStale(f: () => Promise<boolean>): void {
  onStale = f
}

/** Asks the server, as the operator who is signed in; throws ApiError. */
export async function api<T = unknown>(method: string, path: string, request: Request = {}): Promise<T> {
  const res = await answer(method, path, request)
  const text = await res.text()
  return (text === '' ? null : parsed(text, res.status)) as T
}

function parsed(text: string, status: number): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw foreign(status)
  }
}

/** Something in between answered. */
const foreign = (status: number) => new ApiError(status, { code: 'unavailable', message: t('state.notHutch', { status: String(status) }), here: true })

/** As api, with the answer as it came: for files and streams. What wants a recent proof goes again once there is one. */
export async function answer(method: string, path: string, request: Request = {}): Promise<Response> {
  try {
    return await sent(method, path, request)
  } catch (e) {
    if (e instanceof ApiError && e.code === 'reauthentication_needed' && await onStale()) return sent(method, path, request)
    throw e
  }
}

async function sent(method: string, path: string, { query, body, signal, headers }: Request): Promise<Response> {
  const init: RequestInit = { method, headers: { ...adminHeaders, ...headers }, signal: signal ?? null, redirect: 'error' }
  if (body !== undefined) {
    init.body = body instanceof Blob ? body : JSON.stringify(body)
    if (!(body instanceof Blob)) init.headers = { ...init.headers, 'Content-Type': 'application/json' }
  }
  let res: Response
  try {
    res = await fetch(path + search(query), init)
  } catch (e) {
    if (signal?.aborted && signal.reason?.name !== 'TimeoutError') throw e
    throw new ApiError(0, { code: 'unavailable', message: t('state.unreachableAbout'), here: true })
  }
  if (res.ok) return res
  const error = await read(res)
  if (error.code === 'unauthenticated' && !path.startsWith('/admin/v1/session')) onSignedOut()
  throw error
}

function search(query: Query = {}): string {
  const q = new URLSearchParams()
  for (const [k, v] of Object.entries(query)) if (v !== undefined && v !== null && v !== '') q.set(k, String(v))
  const text = q.toString()
  return text && '?' + text
}

async function read(res: Response): Promise<ApiError> {
  try {
    const body = await res.json() as { code?: unknown; message?: unknown }
    if (typeof body.code === 'string' && typeof body.message === 'string') return new ApiError(res.status, body as { code: string; message: string })
  } catch {
    // not JSON
  }
  return foreign(res.status)
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => api<T>('GET', path, { ...(query && { query }), signal })
export const post = <T>(path: string, body: unknown = {}) => api<T>('POST', path, { body })
export const put = <T>(path: string, body: unknown) => api<T>('PUT', path, { body })
export const patch = <T>(path: string, body: unknown) => api<T>('PATCH', path, { body })
export const del = <T>(path: string, query?: Query) => api<T>('DELETE', path, query ? { query } : {})
