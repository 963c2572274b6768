import { HutchError } from '@hutch/client'

/** What the server answered instead of what was asked for; the page tells it to a person. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly hint: string | undefined
  readonly field: string | undefined
  readonly requestId: string | undefined
  readonly details: unknown
  /** Made in the browser: its message is in the language in use, not the server's English. */
  readonly here: boolean

  constructor(status: number, body: { code: string; message: string; hint?: string; field?: string; requestId?: string; details?: unknown; here?: boolean }) {
    super(body.message)
    this.name = 'ApiError'
    this.status = status
    this.code = body.code
    this.hint = body.hint
    this.field = body.field
    this.requestId = body.requestId
    this.details = body.details
    this.here = body.here === true
  }
}

/** Whatever was thrown, as an ApiError. */
export function apiError(e: unknown): ApiError {
  if (e instanceof ApiError) return e
  if (HutchError.is(e)) {
    const { code, message, hint, field, requestId, details } = e
    return new ApiError(0, { code, message, ...(hint && { hint }), ...(field && { field }), ...(requestId && { requestId }), details })
  }
  return new ApiError(0, { code: 'internal', message: e instanceof Error ? e.message : String(e), here: true })
}

/** Whether e says that this operator may not. */
export function isDenied(e: unknown): boolean {
  return apiError(e).code === 'permission_denied'
}
