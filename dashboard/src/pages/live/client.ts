import { del, get } from '../../api/api.ts'

export interface Node { id: string; host: string; version: string; started: string; this: boolean }

export interface Overview {
  nodes: Node[]
  hint?: string
  at: string
  since: string
  position: string
  feed: string
  silent: boolean
  connections: number
  limit: number
  users: number
  guests: number
  others: number
  unproven: number
  slow: number
  subscriptions: number
  groups: number
  queuedBytes: number
  frames: number
  resets: number
  served: number
  refused: number
}

export interface Connection {
  id: string
  kind: string
  uid: string
  email: string
  actor: string
  console: string
  ip: string
  agent: string
  client: string
  origin: string
  since: string
  subscriptions: number
  queuedBytes: number
  queuedFrames: number
  waitsMs: number
  slow: boolean
  lagging: boolean
  position: string
  frames: number
  resets: number
}

export interface Group {
  q: string
  query: object
  collection: string
  rule: 'always' | 'filter' | 'scan'
  shared: 'all' | 'alike' | 'one'
  members: number
  subscriptions: number
  waiting: number
  lagging: number
  rows: number
  more: boolean
  ready: boolean
  reading: boolean
  paused: boolean
  reads: number
  readAt: string
  readOn: string | null
}

export interface Joined {
  id: number
  state: 'waiting' | 'active' | 'lagging'
  q: string
  query: object
  collection: string
  members: number
  rows: number
  more: boolean
  ready: boolean
  readAt: string
}

export interface Asked { search: string; slow: boolean; sort: string; group: string }

/** A query without its collection, which stands beside it. */
export function rest(query: object): object {
  const { from: _, ...others } = query as { from: string }
  return others
}

export const overview = (signal: AbortSignal) => get<Overview>('/admin/v1/live', undefined, signal)

export const connections = (q: Asked, after: string, signal: AbortSignal) =>
  get<{ connections: Connection[]; next: string }>('/admin/v1/live/connections', { search: q.search, group: q.group, slow: q.slow || undefined, sort: q.sort, after }, signal)

export const connection = (id: string, signal: AbortSignal) =>
  get<{ connection: Connection; subscriptions: Joined[] }>('/admin/v1/live/connections/' + encodeURIComponent(id), undefined, signal)

export const groups = (collection: string, signal: AbortSignal) =>
  get<{ groups: Group[]; all: number }>('/admin/v1/live/groups', { collection }, signal)

export const close = (id: string) => del('/admin/v1/live/connections/' + encodeURIComponent(id))
