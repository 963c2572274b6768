import type { ReactNode } from 'react'
import { Button, Drawer, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { Plain } from '../../parts/Plain.tsx'
import { Empty } from '../../parts/states.tsx'
import { bytes, dateTime, span, t } from '../../text.ts'
import { RunFacts } from '../functions/RunDrawer.tsx'
import { runOf } from '../functions/api.ts'
import { CallerName } from '../functions/bits.tsx'
import type { Entry } from './api.ts'
import css from './logs.module.css'
import { KindBadge, Status } from './Table.tsx'

/** An entry in full; gone: the link's entry is not among those that are loaded. */
export function EntryDrawer({ entry, gone, close }: { entry: Entry | undefined; gone: boolean; close: () => void }) {
  return (
    <Drawer opened={entry !== undefined || gone} onClose={close} position="right" size="lg" title={<Text fw={600}>{t('logs.entry')}</Text>} closeButtonProps={{ 'aria-label': t('action.close') }}>
      {entry ? <Facts e={entry} /> : <Empty title="logs.notLoaded" about={t('logs.notLoadedAbout')} />}
    </Drawer>
  )
}

function Facts({ e }: { e: Entry }) {
  // the entry has no input and output: a run is asked for
  const run = useQuery({ queryKey: ['functions', 'run', e.run?.id, e.at], queryFn: ({ signal }) => runOf(e.run?.id ?? '', e.at, signal), enabled: e.run !== undefined })
  const rows: [string, ReactNode][] = []
  const add = (name: string, value: ReactNode) => {
    if (value !== undefined && value !== null && value !== '') rows.push([name, value])
  }
  add(t('logs.at'), dateTime(e.at))
  if (e.kind !== 'function') {
    add(t('logs.route'), e.route && <Plain text={e.route} mono wrap />)
    add(t('logs.code'), e.code)
    add(t('logs.took'), e.ms !== undefined && span(e.ms))
    add(t('logs.size'), e.bytes !== undefined && e.kind === 'request' && bytes(e.bytes))
    add(t('logs.caller'), e.caller && <CallerName of={e.caller} />)
    add(t('functions.actor'), e.caller?.actor && <Plain text={e.caller.actor} mono />)
    add(t('logs.network'), e.network && <Plain text={e.network} mono />)
    add(t('logs.position'), e.position && <Plain text={e.position} mono />)
    add(t('logs.message'), e.kind === 'server' && e.message && <Plain text={e.message} wrap />)
    for (const [k, v] of Object.entries(e.attrs ?? {})) add(k, <Plain text={v} wrap mono />)
    for (const [k, v] of Object.entries(e.audit ?? {})) if (!['id', 'at', 'network'].includes(k)) add(k, <Plain text={String(v)} wrap />)
    add(t('functions.node'), e.node && <Plain text={e.node} mono />)
    add(t('logs.request'), e.requestId && <Plain text={e.requestId} mono />)
  }
  return (
    <Stack gap="md">
      <Group gap="xs"><KindBadge of={e} /><Status of={e} /></Group>
      {e.requestId && (
        <Group gap="xs">
          <Button component={Link} href={'/logs?request=' + encodeURIComponent(e.requestId)} size="xs" variant="default">{t('logs.allOfRequest')}</Button>
          {e.caller?.kind === 'user' && e.caller.uid && <Button component={Link} href={'/logs?user=' + encodeURIComponent(e.caller.uid)} size="xs" variant="default">{t('logs.allOfUser')}</Button>}
        </Group>
      )}
      {e.run ? <RunFacts run={run.data ?? e.run} /> : (
        <dl className={css.attrs}>
          {rows.map(([name, value], i) => <div key={i} style={{ display: 'contents' }}><dt><bdi>{name}</bdi></dt><dd>{value}</dd></div>)}
        </dl>
      )}
    </Stack>
  )
}
