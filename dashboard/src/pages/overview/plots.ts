import { bytes, number, span, type Key } from '../../text.ts'
import type { Event, Metrics, SeriesName } from './wire.ts'

export interface Plot {
  id: string
  title: Key
  /** What its words mean. */
  note?: Key
  series: { name: SeriesName; label: Key; color: string }[]
  format: (value: number) => string
  /** Twice as wide as the others. */
  wide?: boolean
}

const rate = (v: number) => number(v, { maximumFractionDigits: v < 10 ? 2 : 0 })
const whole = (v: number) => number(v, { maximumFractionDigits: v < 10 ? 1 : 0 })
const percent = (v: number) => number(v, { style: 'percent', maximumFractionDigits: v < 0.1 ? 1 : 0 })

/** The plots, in the order of the page. */
export const plots: Plot[] = [
  {
    id: 'requests', title: 'overview.plot.requests', format: rate, wide: true,
    series: [
      { name: 'requests', label: 'overview.series.requests', color: 'hutch.6' },
      { name: 'errors4xx', label: 'overview.series.errors4xx', color: 'yellow.6' },
      { name: 'errors5xx', label: 'overview.series.errors5xx', color: 'red.6' },
    ],
  },
  {
    id: 'latency', title: 'overview.plot.latency', format: span, wide: true,
    series: [{ name: 'p99', label: 'overview.series.p99', color: 'grape.5' }, { name: 'p50', label: 'overview.series.p50', color: 'hutch.6' }],
  },
  { id: 'connections', title: 'overview.plot.connections', format: whole, series: [{ name: 'connections', label: 'overview.series.connections', color: 'indigo.5' }] },
  { id: 'deliveries', title: 'overview.plot.deliveries', format: rate, series: [{ name: 'deliveries', label: 'overview.series.deliveries', color: 'indigo.5' }] },
  {
    id: 'functions', title: 'overview.plot.functions', note: 'overview.plot.functionsAbout', format: rate,
    series: [{ name: 'calls', label: 'overview.series.calls', color: 'hutch.6' }, { name: 'failures', label: 'overview.series.failures', color: 'red.6' }],
  },
  {
    id: 'store', title: 'overview.plot.store', format: bytes,
    series: [{ name: 'storeBytes', label: 'overview.series.storeBytes', color: 'blue.5' }, { name: 'logBytes', label: 'overview.series.logBytes', color: 'gray.5' }],
  },
  { id: 'memory', title: 'overview.plot.memory', format: bytes, series: [{ name: 'memory', label: 'overview.series.memory', color: 'blue.5' }] },
  { id: 'cpu', title: 'overview.plot.cpu', format: percent, series: [{ name: 'cpu', label: 'overview.series.cpu', color: 'orange.5' }] },
]

export type Point = { at: number } & Record<string, number | null>

/** The values of some series as points; each stands at the end of its step. */
export function points(m: Metrics, names: SeriesName[]): Point[] {
  const from = Date.parse(m.from)
  const length = Math.round((Date.parse(m.to) - from) / (m.step * 1000))
  return Array.from({ length }, (_, i) => {
    const p: Point = { at: from + (i + 1) * m.step * 1000 }
    for (const n of names) p[n] = m.series[n]?.[i] ?? null
    return p
  })
}

/** The newest value that was measured in the last few steps; undefined: none. */
export function latest(m: Metrics, name: SeriesName): number | undefined {
  return m.series[name]?.slice(-10).findLast(v => v !== null) ?? undefined
}

/** Whether anything was measured at all. */
export const measured = (m: Metrics): boolean => Object.values(m.series).some(vs => vs.some(v => v !== null))

const mostMarks = 12

/** The newest events of a range, of which those at nearly the same place are one. */
export function marks(m: Metrics, say: (e: Event, n: number) => string): { at: number; label: string }[] {
  const near = (Date.parse(m.to) - Date.parse(m.from)) / 60
  const out: { at: number; event: Event; n: number }[] = []
  for (const event of m.events.toReversed()) {
    const at = Date.parse(event.at)
    const last = out.at(-1)
    if (last && last.event.kind === event.kind && last.at - at < near) last.n++
    else if (out.length < mostMarks) out.push({ at, event, n: 1 })
  }
  let labelled = -Infinity // text needs room; what has none is in the list
  return out.toReversed().map(({ at, event, n }) => {
    const room = at - labelled > near * 12
    if (room) labelled = at
    return { at, label: room ? say(event, n) : '' }
  })
}
