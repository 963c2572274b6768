import { Group, Paper, Text } from '@mantine/core'
import { LineChart } from '../../parts/LineChart.tsx'
import { t } from '../../text.ts'
import css from './overview.module.css'
import { latest, marks, plots, points, type Plot } from './plots.ts'
import type { Event, Metrics } from './wire.ts'

/** All plots of a range; their cursors move together. */
export function Plots({ metrics }: { metrics: Metrics }) {
  const said = marks(metrics, (e: Event, n: number) => t(`overview.mark.${e.kind}`, { n }))
  return (
    <div className={css.plots as string}>
      {plots.map(p => <Card key={p.id} plot={p} metrics={metrics} said={said} />)}
    </div>
  )
}

function Card({ plot, metrics, said }: { plot: Plot; metrics: Metrics; said: { at: number; label: string }[] }) {
  const named = plot.series.map(s => ({ ...s, label: t(s.label) }))
  const now = named.map(s => ({ ...s, value: latest(metrics, s.name) }))
  const spoken = now.map(s => `${s.label} ${s.value === undefined ? t('overview.unmeasured') : plot.format(s.value)}`).join(', ')
  return (
    <Paper withBorder p="sm" className={css.card as string} data-wide={plot.wide || undefined} data-plot={plot.id}>
      <Group justify="space-between" gap="xs" mb={6} wrap="nowrap" align="baseline">
        <Text component="h2" size="sm" fw={600} className={css.title as string}>{t(plot.title)}</Text>
        <Group gap="sm" wrap="nowrap" className={css.now as string}>
          {now.map(s => (
            <Text key={s.name} size="xs" className="tabular" component="span">
              {named.length > 1 && <span className={css.key as string} style={{ '--key': `var(--mantine-color-${s.color.replace('.', '-')})` } as React.CSSProperties}>{s.label}</span>}
              <b>{s.value === undefined ? '–' : plot.format(s.value)}</b>
            </Text>
          ))}
        </Group>
      </Group>
      <LineChart
        label={`${t(plot.title)}: ${spoken}`} points={points(metrics, plot.series.map(s => s.name))} series={named} format={plot.format}
        marks={plot.wide ? said : said.map(m => ({ ...m, label: '' }))} height={plot.wide ? 190 : 140} sync="overview"
      />
      {plot.note && <Text size="xs" c="dimmed" mt={4}>{t(plot.note)}</Text>}
    </Paper>
  )
}
