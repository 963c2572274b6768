import type { ReactNode } from 'react'
import { Anchor, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { apiError } from '../../api/error.ts'
import { Drawer } from '../../parts/Drawer.tsx'
import { OperatorName } from '../../parts/operators.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Empty, Failed, Loading } from '../../parts/states.tsx'
import { bytes, dateTime, span, t } from '../../text.ts'
import { Documents, RunFacts } from '../functions/RunDrawer.tsx'
import { keyOf, runOf, runsOf } from '../functions/api.ts'
import { CallerName, OutcomeBadge } from '../functions/bits.tsx'
import { entryOf, type Entry } from './api.ts'
import { linkOf, operatorOf, userLink, usersOf } from './links.ts'
import css from './logs.module.css'
import { KindBadge, Status } from './Table.tsx'

/** The entry of an id, in full; where the list does not have it, it is asked for. */
export function EntryDrawer({ id, listed, close }: { id: string; listed: Entry | undefined; close: () => void }) {
  const asked = useQuery({ queryKey: ['logs', 'entry', id], queryFn: ({ signal }) => entryOf(id, signal), enabled: id !== '' && listed === undefined, staleTime: Infinity })
  const entry = listed ?? asked.data
  return (
    <Drawer opened={id !== ''} onClose={close} position="right" size="lg" title={<Text fw={600}>{t('logs.entry')}</Text>} closeButtonProps={{ 'aria-label': t('action.close') }}>
      {entry ? <Facts e={entry} />
        : asked.error === null ? <Loading />
            : apiError(asked.error).code === 'not_found' ? <Empty title="logs.gone" about={t('logs.goneAbout')} />
              : <Failed error={asked.error} retry={asked.refetch} />}
    </Drawer>
  )
}

function Facts({ e }: { e: Entry }) {
  // the entry has no input and output: a run is asked for
  const run = useQuery({ queryKey: ['functions', 'run', e.run?.id, e.at], queryFn: ({ signal }) => runOf(e.run?.id ?? '', e.at, signal), enabled: e.run !== undefined })
  const ms = Date.parse(e.at)
  const runs = useQuery({
    queryKey: ['logs', 'runs', e.requestId, e.at], enabled: e.kind !== 'function' && e.requestId !== undefined, staleTime: 60_000,
    queryFn: ({ signal }) => runsOf({ requestId: e.requestId, since: new Date(ms - 15 * 60_000).toISOString(), until: new Date(ms + 60_000).toISOString(), limit: 20 }, signal),
  })
  return (
    <Stack gap="md">
      <Group gap="xs"><KindBadge of={e} /><Status of={e} /></Group>
      <Group gap="xs">
        {e.requestId && <Go to={'/logs?request=' + encodeURIComponent(e.requestId)}>{t('logs.allOfRequest')}</Go>}
        {e.run && <Go to={'/functions?' + new URLSearchParams({ fn: e.run.function, run: keyOf(e.run) }).toString()}>{t('functions.openRun')}</Go>}
        {usersOf(e).map(uid => <Go key={uid} to={userLink(uid)} {...usersOf(e).length > 1 && { of: uid }}>{t('logs.allOfUser')}</Go>)}
        {operatorOf(e) && <Go to={userLink(operatorOf(e))}>{t('logs.allOfOperator')}</Go>}
      </Group>
      {e.run ? <RunFacts run={run.data ?? e.run} /> : <Attributes e={e} />}
      {runs.data && runs.data.runs.length > 0 && (
        <Stack gap="sm" component="section" aria-label={t('logs.runs')}>
          <Title order={3}>{t('logs.runs')}</Title>
          {runs.data.runs.map(r => (
            <Stack key={keyOf(r)} gap={4}>
              <Group gap="xs">
                <OutcomeBadge of={r} />
                <Anchor component={Link} size="sm" href={'/functions?' + new URLSearchParams({ fn: r.function, run: keyOf(r) }).toString()}><Plain text={r.function} /></Anchor>
                <Text size="sm" c="dimmed" className="tabular">{span(r.ms)}</Text>
              </Group>
              {r.error && <Text size="sm" c="dimmed" component="div"><Plain text={r.error} wrap max={500} /></Text>}
              <Documents of={r} />
            </Stack>
          ))}
        </Stack>
      )}
    </Stack>
  )
}

function Go({ to, of, children }: { to: string; of?: string; children: ReactNode }) {
  return <Button component={Link} href={to} size="xs" variant="default">{children}{of && <Plain text={' ' + of} mono max={40} />}</Button>
}

function Attributes({ e }: { e: Entry }) {
  const rows: [string, ReactNode][] = []
  const add = (name: string, value: ReactNode) => {
    if (value !== undefined && value !== null && value !== '' && value !== false) rows.push([name, value])
  }
  add(t('logs.at'), dateTime(e.at))
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
  for (const [k, v] of Object.entries(e.audit ?? {})) {
    if (['id', 'at', 'network', 'request', 'requestId'].includes(k) || e.audit === undefined) continue
    const to = linkOf(e.audit, k)
    const operator = k === 'operator' || k === 'target' && e.audit.event.startsWith('operator_')
    const text = operator ? <OperatorName id={String(v)} full /> : undefined
    add(k, to ? <Anchor component={Link} size="sm" href={to}>{text ?? <Plain text={String(v)} wrap mono />}</Anchor> : text ?? <Plain text={String(v)} wrap />)
  }
  add(t('functions.node'), e.node && <Plain text={e.node} mono />)
  add(t('logs.request'), e.requestId && <Plain text={e.requestId} mono />)
  return (
    <dl className={css.attrs}>
      {rows.map(([name, value], i) => <div key={i} style={{ display: 'contents' }}><dt><bdi>{name}</bdi></dt><dd>{value}</dd></div>)}
    </dl>
  )
}
