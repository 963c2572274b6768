import { get, post, type Query } from '../../api/api.ts'

export interface Caller { kind: 'guest' | 'user' | 'service' | 'operator' | 'system'; uid?: string; actor?: string }
export interface ConsoleLine { ms: number; level: string; text: string }
export interface Payload { input: unknown; output: unknown; cut?: string[] }

export interface Run {
  id: string
  at: string
  node?: string
  function: string
  trigger: string
  ms: number
  cold?: boolean
  attempt: number
  reruns?: number
  outcome: string
  /** Neither well nor refused. */
  failed?: boolean
  status?: number
  code?: string
  error?: string
  stack?: string
  requestId?: string
  parent?: string
  parentFn?: string
  caller: Caller
  position?: string
  wrote?: { in: string; id: string }[]
  wroteMore?: number
  touched?: { in: string; id: string; write?: boolean }[]
  console?: ConsoleLine[]
  kept?: boolean
  payload?: Payload
}

export interface CountsOf { ok: number; refused: number; failed: number; p50: number; p99: number }
export interface Trigger { kind: string; method?: string; path?: string; collection?: string; ops?: string[]; event?: string }

export interface Fn {
  name: string
  trigger: Trigger
  auth: string
  file: string
  declaredIn: string
  line: number
  column: number
  timeoutMs: number
  admin: boolean
  keyRequired: boolean
  hasInput: boolean
  counts: { hour: CountsOf; day: CountsOf }
  lastError?: Run
}

export interface FnShown extends Fn {
  input: unknown
  params: { name: string; type: string; optional: boolean }[]
  sources: { file: string; text: string }[]
}

export interface Invoked {
  ok: boolean
  result?: unknown
  response?: { status: number; headers: [string, string][]; body: string; base64?: boolean }
  error?: { code: string; message: string; field?: string; hint?: string }
  run?: Run
}

export interface Invocation {
  data?: unknown
  request?: { params?: Record<string, string>; query?: Record<string, string>; body?: unknown }
  as?: 'guest' | { uid: string } | null
  reason?: string
}

const at = '/admin/v1/functions'

export const functionsOf = (signal?: AbortSignal) => get<{ functions: Fn[] }>(at, {}, signal)
export const functionOf = (name: string, signal?: AbortSignal) => get<FnShown>(`${at}/${encodeURIComponent(name)}`, {}, signal)
export const invoke = (name: string, what: Invocation) => post<Invoked>(`${at}/${encodeURIComponent(name)}/invoke`, what)
export const runsOf = (query: Query, signal?: AbortSignal) => get<{ runs: Run[]; next: string; partial: boolean; dropped: number; skipped: number }>('/admin/v1/runs', query, signal)
export const runOf = (id: string, when: string, signal?: AbortSignal) => get<Run>(`/admin/v1/runs/${encodeURIComponent(id)}`, { at: when }, signal)

export const runsIn = (of: CountsOf): number => of.ok + of.refused + of.failed
/** One run may come twice, for a job that is tried again: its time tells which. */
export const keyOf = (run: Run): string => run.id + ' ' + run.at
