import { Group, Text } from '@mantine/core'
import { number, t } from '../../text.ts'
import css from './data.module.css'
import { type SpanStore, useSpan } from './grid/span.ts'
import type { View } from './model/rows.ts'

/** Where the table stands, and what its keys are. */
export function Status({ view, counted, at }: { view: View; counted: boolean; at: SpanStore }) {
  const { first, last } = useSpan(at)
  const total = number(view.total) + (counted ? '' : '+')
  return (
    <Group justify="space-between" gap="xs" className={css.status}>
      <Text size="xs" c="dimmed" className="tabular" role="status" data-status>
        {view.total === 0 ? '' : t('data.status', { first: number(Math.min(view.total, first + 1)), last: number(Math.min(view.total, last + 1)), total })}
        {view.reading !== undefined && ` · ${t('data.reading', { n: view.reading })}`}
      </Text>
      {view.error !== undefined && view.total > 0 && <Text size="xs" c="red" role="alert">{t('state.failed')}</Text>}
      <Text size="xs" c="dimmed" visibleFrom="md">{t('data.keys.short')}</Text>
    </Group>
  )
}
