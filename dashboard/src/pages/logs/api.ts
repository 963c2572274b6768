import { get, type Query } from '../../api/api.ts'
import type { Caller, Run } from '../functions/api.ts'

export const kinds = ['request', 'server', 'function', 'audit'] as const
export type Kind = typeof kinds[number]

export interface Entry {
  id: string
  at: string
  node?: string
  kind: Kind
  level: 'info' | 'warn' | 'error'
  requestId?: string
  route?: string
  status?: number
  ms?: number
  bytes?: number
  caller?: Caller
  network?: string
  code?: string
  position?: string
  message?: string
  attrs?: Record<string, string>
  run?: Run
  audit?: { id: string; event: string; user?: string; key?: string; operator?: string; target?: string; function?: string; detail?: string; session?: string; count?: number }
}

export interface LogsPage { logs: Entry[]; next: string; partial: boolean; dropped: number; skipped: number; kept?: { bytes: number; entries: number; oldest?: string } }

export const logsOf = (query: Query, signal?: AbortSignal) => get<LogsPage>('/admin/v1/logs', query, signal)
export const entryOf = (id: string, signal?: AbortSignal) => get<Entry>('/admin/v1/logs/' + encodeURIComponent(id), undefined, signal)
export const idOf = (e: Entry): string => e.id

/** One line that says what an entry is about. */
export function lineOf(e: Entry): string {
  switch (e.kind) {
    case 'request': return (e.route ?? '') + (e.code ? ' · ' + e.code : '')
    case 'function': return [e.run?.function, e.message, e.run?.console?.at(-1)?.text].filter(Boolean).join(' · ')
    case 'audit': return [e.audit?.event, e.audit?.target, e.audit?.detail].filter(Boolean).join(' · ')
    case 'server': return [e.message, ...Object.entries(e.attrs ?? {}).map(([k, v]) => `${k}=${v}`)].join('  ')
  }
}
