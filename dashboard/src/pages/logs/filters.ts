import { useMemo } from 'react'
import type { Query } from '../../api/api.ts'
import { useUrlState } from '../../parts/useUrlState.ts'

const spans: Record<string, number> = { '15m': 900e3, '1h': 3600e3, '24h': 86_400e3, '7d': 7 * 86_400e3 }
export const ranges = ['15m', '1h', '24h', '7d', 'custom'] as const

/** What is looked for; all of it is in the URL. */
export function useFilters() {
  const [text, setText] = useUrlState('q')
  const [kind, setKind] = useUrlState('kind')
  const [level, setLevel] = useUrlState('level')
  const [status, setStatus] = useUrlState('status')
  const [route, setRoute] = useUrlState('route')
  const [user, setUser] = useUrlState('user')
  const [request, setRequest] = useUrlState('request')
  const [range, setRange] = useUrlState('range', '24h')
  const [from, setFrom] = useUrlState('from')
  const [to, setTo] = useUrlState('to')
  const match = useMemo(() => ({ q: text, level, user, requestId: request, route, status: validStatus(status) ? status : '' }), [text, level, user, request, route, status])
  return {
    text, setText, kind, setKind, level, setLevel, status, setStatus, route, setRoute, user, setUser, request, setRequest, range, setRange, from, setFrom, to, setTo,
    /** What list and tail share. */
    match,
    kinds: kind,
    custom: range === 'custom',
    any: [text, kind, level, status, route, user, request].some(v => v !== ''),
  }
}

export type Filters = ReturnType<typeof useFilters>

export const validStatus = (s: string): boolean => /^[1-5](\d\d|xx)$/.test(s)

/** The times of a range, now; one request is looked for wherever it is. */
export function timesOf(f: Pick<Filters, 'range' | 'from' | 'to' | 'request'>, now = Date.now()): Query {
  if (f.range === 'custom') return { since: iso(f.from), until: iso(f.to) }
  if (f.request !== '') return {}
  return { since: new Date(now - (spans[f.range] ?? 86_400e3)).toISOString() }
}

function iso(local: string): string {
  const ms = Date.parse(local)
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString()
}
