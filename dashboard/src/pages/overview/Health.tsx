import { Anchor, Box, Group, Paper, Stack, Text, ThemeIcon } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconExclamationCircle } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { pages } from '../../pages.ts'
import { Plain } from '../../parts/Plain.tsx'
import { T } from '../../parts/Text.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { bytes, number, t, type Key } from '../../text.ts'
import css from './overview.module.css'
import type { Item, Overview } from './wire.ts'

/** Is it healthy, and what needs me. */
export function Health({ overview: o }: { overview: Overview }) {
  const well = o.items.length === 0
  return (
    <Paper withBorder className={css.health as string} data-status={o.status}>
      <Group gap="sm" wrap="nowrap" px="md" py="sm">
        <ThemeIcon variant="light" size={36} radius="xl" color={well ? 'hutch' : o.status === 'error' ? 'red' : 'yellow'}>
          {well ? <IconCircleCheck size={22} stroke={1.7} /> : <IconAlertTriangle size={20} stroke={1.7} />}
        </ThemeIcon>
        <Box miw={0}>
          <Text fw={600} role="status">{well ? t('overview.well') : t('overview.needs', { n: o.items.length })}</Text>
          <Text size="xs" c="dimmed" component="div">
            <T k="overview.running" values={{ when: <TimeAgo at={o.startedAt} />, version: <Plain text={o.version} /> }} />
          </Text>
        </Box>
      </Group>
      {!well && <Stack gap={0} component="ul" className={css.items as string}>{o.items.map(i => <Need key={i.id} item={i} />)}</Stack>}
      <Facts overview={o} />
    </Paper>
  )
}

function Need({ item }: { item: Item }) {
  const bad = item.severity === 'error'
  const values: Record<string, ReactNode> = {}
  for (const [k, v] of Object.entries(item.values)) values[k] = <Plain text={k === 'free' ? bytes(Number(v)) : k === 'count' ? number(Number(v)) : v} wrap max={300} />
  const page = pages.find(p => item.link === p.path || item.link.startsWith(p.path + '?') || item.link.startsWith(p.path + '/'))
  return (
    <Group component="li" gap="sm" wrap="nowrap" align="flex-start" px="md" py={8} className={css.item as string}>
      <IconExclamationCircle size={18} stroke={1.7} className={css.mark as string} data-bad={bad || undefined} aria-label={t(bad ? 'overview.error' : 'overview.warning')} />
      <Box flex={1} miw={0}>
        <Text size="sm" component="div"><T k={`overview.need.${item.kind}` as Key} values={values} /></Text>
        <Text size="xs" c="dimmed" component="div"><T k={`overview.help.${item.kind}` as Key} values={values} /></Text>
      </Box>
      {page && <Anchor component={Link} href={item.link} size="sm" className={css.look as string}>{t(item.link.startsWith('/overview') ? 'overview.jobs' : page.text)}</Anchor>}
    </Group>
  )
}

function Facts({ overview: o }: { overview: Overview }) {
  const facts: [Key, ReactNode][] = [
    ['overview.fact.store', t(o.store.kind === 'embedded' ? 'overview.fact.embedded' : 'overview.fact.mongodb', { size: bytes(o.store.bytes) })],
    ['overview.fact.jobs', <Anchor key="jobs" component={Link} href={'/overview?jobs=' + (o.jobs.dead > 0 ? 'dead' : 'waiting')} size="sm" c="inherit" underline="always">{o.jobs.waiting === 0 ? t('overview.fact.noneWaiting') : t('overview.fact.waiting', { n: o.jobs.waiting })}</Anchor>],
    ...(o.disk ? [['overview.fact.disk', bytes(o.disk.free)] satisfies [Key, ReactNode]] : []),
    ['overview.fact.nodes', number(o.nodes.length)],
    ['overview.fact.url', <Plain key="url" text={o.app.url} />],
  ]
  return (
    <dl className={css.facts as string}>
      {facts.map(([key, value]) => (
        <div key={key}>
          <Text component="dt" size="xs" c="dimmed">{t(key)}</Text>
          <Text component="dd" size="sm" className="tabular">{value}</Text>
        </div>
      ))}
    </dl>
  )
}
