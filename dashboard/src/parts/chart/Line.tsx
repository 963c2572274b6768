import { AreaChart, type ChartReferenceLineProps } from '@mantine/charts'
import { currentLanguage, dateTime } from '../../text.ts'
import '@mantine/charts/styles.css'

export interface Series {
  /** The key in the points. */
  name: string
  label: string
  color: string
}

export interface LineProps {
  /** For screen readers: what the plot shows, best with the latest value. */
  label: string
  /** at in ms; a missing or null value is a gap. */
  points: ({ at: number } & Record<string, number | null>)[]
  series: Series[]
  format: (value: number) => string
  /** Moments worth a line, e.g. reloads. */
  marks?: { at: number; label: string }[]
  height?: number
  /** Plots with the same name show their cursors together. */
  sync?: string
  legend?: boolean
}

/** The axis tells times within two days, else days. */
export default function Line({ label, points, series, format, marks = [], height = 180, sync, legend = false }: LineProps) {
  const first = points[0]?.at ?? 0
  const last = points.at(-1)?.at ?? 0
  const far = last - first > 48 * 3_600_000
  const tick = new Intl.DateTimeFormat(currentLanguage(), far ? { month: 'short', day: 'numeric' } : { hour: '2-digit', minute: '2-digit' })
  const lines: ChartReferenceLineProps[] = marks.map(m => ({ x: m.at, label: m.label, color: 'gray.6', strokeDasharray: '3 3', labelPosition: m.at > first + (last - first) * 0.75 ? 'insideBottomRight' : 'insideBottomLeft' }))
  return (
    <div role="img" aria-label={label}>
      <AreaChart
        h={height} data={points} dataKey="at" series={series} valueFormatter={format} referenceLines={lines}
        curveType="monotone" withDots={false} strokeWidth={1.75} fillOpacity={0.12} gridAxis="x" tickLine="none" withLegend={legend} connectNulls={false}
        xAxisProps={{ type: 'number', scale: 'time', domain: ['dataMin', 'dataMax'], tickFormatter: (at: number) => tick.format(at), minTickGap: 48 }}
        yAxisProps={{ width: 64, tickFormatter: format, domain: [0, 'auto'], interval: 0, tickCount: 4 }}
        areaProps={{ isAnimationActive: false }} areaChartProps={{ accessibilityLayer: false, margin: { top: 8, right: 12 }, ...(sync && { syncId: sync }) }}
        tooltipProps={{ labelFormatter: (at: unknown) => Number.isFinite(at) ? dateTime(at as number) : '' }} tooltipAnimationDuration={0}
      />
    </div>
  )
}
