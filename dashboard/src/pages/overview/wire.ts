// What /admin/v1/overview and /admin/v1/metrics answer.

export type Severity = 'warning' | 'error'

/** Something that needs an operator; kind names its text. */
export interface Item {
  id: string
  kind: string
  severity: Severity
  values: Record<string, string>
  link: string
}

export interface Overview {
  status: 'ok' | Severity
  items: Item[]
  app: { name: string; url: string; collections: number; functions: number; empty: boolean }
  store: { kind: string; ok: boolean; head: string; live: string; bytes: number; logBytes: number }
  jobs: { waiting: number; dead: number }
  disk?: { free: number; total: number }
  nodes: string[]
  startedAt: string
  version: string
}

export type EventKind = 'start' | 'reload' | 'reloadFailed'

export interface Event {
  at: string
  kind: EventKind
  text: string
  node: string
}

export type SeriesName =
  'requests' | 'errors4xx' | 'errors5xx' | 'p50' | 'p99' | 'connections' | 'deliveries' | 'calls' | 'failures' | 'storeBytes' | 'logBytes' | 'memory' | 'cpu'

/** A value a step from `from` on; null where nothing was measured. */
export interface Metrics {
  from: string
  to: string
  step: number
  series: Record<SeriesName, (number | null)[]>
  events: Event[]
  nodes: string[]
}

export const ranges = ['1h', '24h', '30d'] as const
export type Range = typeof ranges[number]
