import type { KnownCode } from './codes.ts'

export type Code = KnownCode | (string & {})
export type Reason = 'guard' | 'version' | 'exists'

const brand = Symbol.for('hutch.error')

export interface ErrorExtras {
  reason?: Reason | undefined
  field?: string | undefined
  hint?: string | undefined
  details?: object | undefined
  requestId?: string | undefined
  retryMs?: number | undefined
  /** In functions: false keeps a job from being tried again. */
  retry?: boolean | undefined
}

/** The one error that everything throws. */
export class HutchError extends Error {
  readonly code: Code
  readonly reason?: Reason
  readonly field?: string
  readonly hint?: string
  readonly details?: object
  readonly requestId?: string
  readonly retryMs?: number
  readonly retry?: boolean

  constructor(code: Code, message: string, extras: ErrorExtras = {}) {
    super(message)
    this.name = 'HutchError'
    this.code = code
    for (const [k, v] of Object.entries(extras)) if (v !== undefined) (this as Record<string, unknown>)[k] = v
    Object.defineProperty(this, brand, { value: true })
  }

  /** Whether e is a HutchError, of one of the codes if any are given; works over two copies of the package. */
  static is(e: unknown, ...codes: Code[]): e is HutchError {
    if (typeof e !== 'object' || e === null || !(brand in e)) return false
    return codes.length === 0 || codes.includes((e as unknown as HutchError).code)
  }
}

/** The error of an answer's body, or null when the body is not ours. */
export function fromBody(body: unknown, retryMs?: number): HutchError | null {
  if (typeof body !== 'object' || body === null) return null
  const b = body as Record<string, unknown>
  if (typeof b.code !== 'string' || typeof b.message !== 'string') return null
  return new HutchError(b.code, b.message, {
    reason: b.reason as Reason | undefined,
    field: b.field as string | undefined,
    hint: b.hint as string | undefined,
    details: b.details as object | undefined,
    requestId: b.requestId as string | undefined,
    retryMs,
  })
}
