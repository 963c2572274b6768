import { Button, Group, Text } from '@mantine/core'
import { ErrorText } from '../../parts/ErrorText.tsx'
import { number, t } from '../../text.ts'
import css from './data.module.css'
import { type SpanStore, useSpan } from './grid/span.ts'
import type { View } from './model/rows.ts'

/** Where the table stands, and what its keys are. */
export function Status({ view, some, counted, at, retry }: { view: View; some: boolean; counted: boolean; at: SpanStore; retry: () => void }) {
  const { first, last } = useSpan(at)
  const total = number(view.total) + (counted ? '' : '+')
  return (
    <Group justify="space-between" gap="xs" className={css.status}>
      <Text size="xs" c="dimmed" className="tabular" role="status" data-status>
        {view.total === 0 || view.error !== undefined && !some ? '' : t('data.status', { first: number(Math.min(view.total, first + 1)), last: number(Math.min(view.total, last + 1)), total })}
        {view.reading !== undefined && ` · ${t('data.reading', { n: view.reading })}`}
      </Text>
      {view.error !== undefined && some && (
        <Group gap={6} wrap="nowrap" miw={0}>
          <Text size="xs" c="red" role="alert" component="div"><ErrorText error={view.error} max={200} /></Text>
          <Button size="compact-xs" variant="subtle" color="gray" onClick={retry}>{t('state.retry')}</Button>
        </Group>
      )}
      <Text size="xs" c="dimmed" visibleFrom="md">{t('data.keys.short')}</Text>
    </Group>
  )
}
