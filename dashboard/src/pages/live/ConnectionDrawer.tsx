import type { ReactNode } from 'react'
import { Anchor, Badge, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { IconPlugOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, useSearch } from 'wouter'
import { apiError } from '../../api/error.ts'
import { Drawer } from '../../parts/Drawer.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Empty, Failed, Loading, Stale } from '../../parts/states.tsx'
import { Bytes, TimeAgo } from '../../parts/TimeAgo.tsx'
import { number, span, t } from '../../text.ts'
import * as client from './client.ts'
import { kinds } from './Connections.tsx'
import { consoleLink, groupLink } from './link.ts'

/** A socket in full, and what it follows. */
export function ConnectionDrawer({ id, close }: { id: string; close: () => void }) {
  const found = useQuery({ queryKey: ['live', 'connection', id], queryFn: ({ signal }) => client.connection(id, signal), refetchInterval: q => q.state.error ? false : 3_000, retry: false })
  const gone = apiError(found.error).code === 'not_found'
  return (
    <Drawer opened onClose={close} position="right" size="lg" title={<Text fw={600}>{t('live.connection')}</Text>} closeButtonProps={{ 'aria-label': t('action.close') }}>
      {gone ? <Empty title="live.gone" icon={IconPlugOff} about={t('live.goneAbout')} /> : (
        <>
          <Stale of={found} />
          {found.isPending ? <Loading /> : found.isLoadingError ? <Failed error={found.error} retry={found.refetch} /> : <Facts c={found.data.connection} subs={found.data.subscriptions} />}
        </>
      )}
    </Drawer>
  )
}

function Facts({ c, subs }: { c: client.Connection; subs: client.Joined[] }) {
  const facts: [string, ReactNode][] = [
    [t('live.col.since'), <TimeAgo at={c.since} />],
    [t('live.col.queued'), <><Bytes n={c.queuedBytes} />{c.waitsMs > 0 && <> · {span(c.waitsMs)}</>}</>],
    [t('live.col.frames'), number(c.frames)],
    [t('live.col.resets'), number(c.resets)],
    [t('live.col.position'), <Plain text={c.position || '–'} mono />],
    [t('live.col.ip'), <Plain text={c.ip} mono />],
    [t('live.col.client'), <Plain text={c.client || '–'} />],
    [t('live.col.agent'), <Plain text={c.agent || '–'} />],
  ]
  return (
    <Stack gap="lg">
      <Group gap="xs">
        <Badge variant="light" color={c.kind === 'user' ? 'hutch' : 'gray'}>{t(kinds[c.kind] ?? 'live.kind.guest')}</Badge>
        {c.uid !== '' && (c.kind === 'user' ? <Anchor component={Link} size="sm" href={'/users?user=' + encodeURIComponent(c.uid)}><Plain text={c.email || c.uid} /></Anchor> : <Plain text={c.email || c.uid} />)}
        <Badge variant="light" color={c.slow ? 'red' : 'teal'}>{t(c.slow ? 'live.isSlow' : 'live.isFine')}</Badge>
      </Group>
      <SimpleGrid cols={{ base: 2, sm: 3 }} spacing="sm" verticalSpacing="sm">
        {facts.map(([name, value]) => <div key={name}><Text size="xs" c="dimmed">{name}</Text><Text size="sm" component="div" className="tabular">{value}</Text></div>)}
      </SimpleGrid>
      <Stack gap="xs" component="section">
        <Group gap="xs"><Title order={3}>{t('live.follows')}</Title>{subs.length < c.subscriptions && <Text size="xs" c="dimmed">{t('live.firstOf', { n: subs.length, all: c.subscriptions })}</Text>}</Group>
        {subs.length === 0 && <Text size="sm" c="dimmed">{t('live.followsNothing')}</Text>}
        {subs.map(s => <Subscription key={s.id} s={s} />)}
      </Stack>
    </Stack>
  )
}

function Subscription({ s }: { s: client.Joined }) {
  const search = useSearch()
  return (
    <Paper withBorder p="xs">
      <Group gap="xs" justify="space-between" wrap="nowrap">
        <Text size="sm" fw={600} component="div" miw={0}><Plain text={s.collection} /></Text>
        <Badge size="sm" variant="light" tt="none" color={s.state === 'active' ? 'teal' : s.state === 'waiting' ? 'yellow' : 'red'}>{t(`live.joined.${s.state}`)}</Badge>
      </Group>
      <Text size="xs" component="div"><Plain text={JSON.stringify(client.rest(s.query))} wrap mono max={2000} /></Text>
      <Group gap="md" mt={6}>
        <Text size="xs" c="dimmed" className="tabular">{t('live.col.rows')} {number(s.rows)}{s.more && '+'}</Text>
        <Text size="xs" c="dimmed" component="div">{t('live.col.position')} <Plain text={s.readAt || '–'} mono /></Text>
        <Anchor component={Link} size="xs" href={groupLink(search, s.q)}>{t('live.membersOf', { n: s.members, collection: s.collection })}</Anchor>
        <Anchor component={Link} size="xs" href={consoleLink(search, s.query)}>{t('live.openInConsole')}</Anchor>
      </Group>
    </Paper>
  )
}
