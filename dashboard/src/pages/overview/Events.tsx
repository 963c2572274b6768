import { Badge, Group, Paper, Text } from '@mantine/core'
import { Plain } from '../../parts/Plain.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { t } from '../../text.ts'
import css from './overview.module.css'
import type { Event, EventKind } from './wire.ts'

const colors: Record<EventKind, string> = { start: 'gray', reload: 'hutch', reloadFailed: 'red' }
const shown = 6

/** What the lines in the plots are. */
export function Events({ events, nodes }: { events: Event[]; nodes: number }) {
  const latest = events.slice(-shown).toReversed()
  if (latest.length === 0) return null
  return (
    <Paper withBorder py="xs">
      <Text component="h2" size="sm" fw={600} px="md" pb={4}>{t('overview.events')}</Text>
      <ul className={css.items as string}>
        {latest.map(e => (
          <Group key={e.at + e.node} component="li" gap="sm" wrap="nowrap" px="md" py={5}>
            <Badge variant="light" color={colors[e.kind]} size="sm" tt="none" className={css.kind as string}>{t(`overview.event.${e.kind}`)}</Badge>
            <Text size="sm" flex={1} miw={0} component="div">
              <Plain text={e.text} />{nodes > 1 && <> <Text span size="xs" c="dimmed"><Plain text={e.node} /></Text></>}
            </Text>
            <Text size="xs" c="dimmed" component="div" className={css.look as string}><TimeAgo at={e.at} /></Text>
          </Group>
        ))}
      </ul>
    </Paper>
  )
}
