import { describe, expect, it } from 'vitest'
import { latest, marks, measured, plots, points } from './plots.ts'
import type { Event, Metrics, SeriesName } from './wire.ts'

const series = (over: Partial<Record<SeriesName, (number | null)[]>> = {}): Metrics['series'] => {
  const all = {} as Metrics['series']
  for (const p of plots) for (const s of p.series) all[s.name] = [null, null, null]
  return { ...all, ...over }
}
const metrics = (over: Partial<Metrics> = {}): Metrics =>
  ({ from: '2026-03-01T12:00:00Z', to: '2026-03-01T12:00:30Z', step: 10, series: series(), events: [], nodes: [], ...over })

describe('plots', () => {
  it('put each value at the end of its step, and leave gaps', () => {
    const m = metrics({ series: series({ requests: [1, null, 3] }) })
    expect(points(m, ['requests', 'errors5xx'])).toEqual([
      { at: Date.parse('2026-03-01T12:00:10Z'), requests: 1, errors5xx: null },
      { at: Date.parse('2026-03-01T12:00:20Z'), requests: null, errors5xx: null },
      { at: Date.parse('2026-03-01T12:00:30Z'), requests: 3, errors5xx: null },
    ])
  })

  it('tell the newest value that was measured, and none where none was', () => {
    const m = metrics({ series: series({ requests: [1, 2, null], cpu: [0, 0, 0] }) })
    expect(latest(m, 'requests')).toBe(2)
    expect(latest(m, 'cpu')).toBe(0)
    expect(latest(m, 'p50')).toBeUndefined()
    expect(measured(m)).toBe(true)
    expect(measured(metrics())).toBe(false)
  })

  it('join marks that would lie upon each other, and keep the newest', () => {
    const at = (seconds: number, kind: Event['kind']): Event => ({ at: new Date(Date.parse('2026-03-01T12:00:00Z') + seconds * 1000).toISOString(), kind, text: '', node: 'a' })
    const say = (e: Event, n: number) => `${e.kind} ${n}`
    const hour = { from: '2026-03-01T12:00:00Z', to: '2026-03-01T13:00:00Z' }
    expect(marks(metrics({ ...hour, events: [at(10, 'start'), at(1600, 'reload'), at(1605, 'reload'), at(1610, 'reloadFailed')] }), say).map(m => m.label))
      .toEqual(['start 1', 'reload 2', ''])
    const many = marks(metrics({ ...hour, events: Array.from({ length: 40 }, (_, i) => at(i * 90, 'reload')) }), say)
    expect(many.length).toBe(12)
    expect(many.at(-1)?.at).toBe(Date.parse(hour.from) + 39 * 90_000)
  })
})
