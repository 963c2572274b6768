import { useMemo } from 'react'
import { ActionIcon, Badge, Checkbox, Group, Pill, Select, Text, TextInput, Tooltip } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconPlugConnectedX, IconPlugOff, IconSearch } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { confirm } from '../../parts/Confirm.tsx'
import { notify } from '../../parts/notify.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Empty, Failed, Loading, Stale } from '../../parts/states.tsx'
import { Bytes, TimeAgo } from '../../parts/TimeAgo.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { VirtualTable, type TableColumn } from '../../parts/VirtualTable.tsx'
import { number, span, t, useLanguage, type Key } from '../../text.ts'
import * as client from './client.ts'
import { ConnectionDrawer } from './ConnectionDrawer.tsx'
import css from './live.module.css'

export const kinds: Record<string, Key> = { hello: 'live.kind.hello', guest: 'live.kind.guest', user: 'live.kind.user', service: 'live.kind.service', operator: 'live.kind.operator' }

/** The sockets of the node, with those that cannot keep up marked. */
export function Connections() {
  const [search, setSearch] = useUrlState('search')
  const [slow, setSlow] = useUrlState('slow')
  const [sort, setSort] = useUrlState('sort')
  const [group, setGroup] = useUrlState('group')
  const [asked] = useDebouncedValue(search, 250)
  const queries = useQueryClient()
  const q = { search: asked, slow: slow !== '', sort, group }
  const list = useInfiniteQuery({
    queryKey: ['live', 'connections', q], initialPageParam: '', placeholderData: keepPreviousData, refetchInterval: 3_000,
    queryFn: ({ pageParam, signal }) => client.connections(q, pageParam, signal), getNextPageParam: last => last.next || undefined,
  })
  const rows = useMemo(() => list.data?.pages.flatMap(p => p.connections) ?? [], [list.data])
  const [current, setCurrent] = useUrlState('connection')
  const ask = (c: client.Connection) => confirm({
    title: t('live.close'), about: t('live.closeAbout'), name: c.email || c.uid || c.ip || c.id, action: t('live.close'),
    run: async () => {
      await client.close(c.id)
      notify(t('live.closed'))
      await queries.invalidateQueries({ queryKey: ['live'] })
    },
  })
  const language = useLanguage()
  const columns = useMemo(() => columnsOf(ask), [language])
  return (
    <>
      <Group gap="xs" wrap="wrap">
        <TextInput size="xs" w={260} maw="100%" leftSection={<IconSearch size={14} aria-hidden />} placeholder={t('live.search')} aria-label={t('live.search')} value={search} onChange={e => setSearch(e.currentTarget.value, { replace: true })} />
        <Select
          size="xs" w={170} aria-label={t('live.sort')} allowDeselect={false} value={sort || 'since'} onChange={v => setSort(v === 'since' || v === null ? '' : v)}
          data={[{ value: 'since', label: t('live.sort.since') }, { value: 'queued', label: t('live.sort.queued') }, { value: 'subscriptions', label: t('live.sort.subscriptions') }]}
        />
        {group !== '' && (
          <Pill size="sm" withRemoveButton onRemove={() => setGroup('')} removeButtonProps={{ 'aria-label': t('live.allGroups'), tabIndex: 0, 'aria-hidden': false }}>{t('live.inGroup')} <Plain text={group} mono max={24} /></Pill>
        )}
        <Checkbox size="xs" label={t('live.onlySlow')} checked={slow !== ''} onChange={e => setSlow(e.currentTarget.checked ? '1' : '')} />
      </Group>
      <Stale of={list} />
      {list.isPending ? <Loading /> : list.isLoadingError ? <Failed error={list.error} retry={list.refetch} /> : rows.length === 0
        ? <Empty title={asked || slow || group ? 'live.noMatch' : 'live.nobody'} icon={IconPlugOff} about={t(asked || slow || group ? 'live.noMatchAbout' : 'live.nobodyAbout')} />
        : (
            <VirtualTable
              label={t('live.connections')} columns={columns} rows={rows} rowId={c => c.id} current={current || undefined} onOpen={c => setCurrent(c.id)} onDelete={ask} remember="live.connections"
              hasMore={list.hasNextPage} loadMore={list.fetchNextPage} loadingMore={list.isFetchingNextPage} rowClass={c => c.slow ? css.slow : undefined}
            />
          )}
      {current !== '' && <ConnectionDrawer id={current} close={() => setCurrent('')} />}
    </>
  )
}

function columnsOf(ask: (c: client.Connection) => void): TableColumn<client.Connection>[] {
  return [
    {
      id: 'who', header: t('live.col.who'), size: 260, cell: c => (
        <Group gap={6} wrap="nowrap" miw={0}>
          <Badge size="xs" variant="light" color={c.kind === 'user' ? 'hutch' : 'gray'} style={{ flex: 'none' }}>{t(kinds[c.kind] ?? 'live.kind.guest')}</Badge>
          {c.console && <Badge size="xs" variant="light" color="violet" style={{ flex: 'none' }}>{t('live.kind.console')}</Badge>}
          {(c.email || c.uid) && <Plain text={c.email || c.uid} />}
        </Group>
      ),
    },
    {
      id: 'state', header: t('live.col.state'), size: 110, cell: c => c.slow
        ? <Tooltip label={t('live.waits', { time: span(c.waitsMs) })}><Badge size="xs" color="red">{t('live.isSlow')}</Badge></Tooltip>
        : <Text size="xs" c="dimmed" span>{t('live.isFine')}</Text>,
    },
    {
      id: 'close', header: t('live.close'), size: 60, minSize: 60, head: '', cell: c => (
        <ActionIcon variant="subtle" color="red" size="sm" aria-label={t('live.closeOf', { who: c.email || c.uid || c.ip })} onClick={() => ask(c)}><IconPlugConnectedX size={15} /></ActionIcon>
      ),
    },
    { id: 'subscriptions', header: t('live.col.subscriptions'), size: 110, align: 'end', cell: c => <span className="tabular">{number(c.subscriptions)}</span> },
    { id: 'queued', header: t('live.col.queued'), size: 100, align: 'end', cell: c => <Bytes n={c.queuedBytes} /> },
    { id: 'frames', header: t('live.col.frames'), size: 100, align: 'end', cell: c => <span className="tabular">{number(c.frames)}</span> },
    { id: 'resets', header: t('live.col.resets'), size: 80, align: 'end', cell: c => <span className="tabular">{number(c.resets)}</span> },
    { id: 'since', header: t('live.col.since'), size: 120, cell: c => <TimeAgo at={c.since} /> },
    { id: 'ip', header: t('live.col.ip'), size: 140, cell: c => <Plain text={c.ip} mono /> },
    { id: 'client', header: t('live.col.client'), size: 120, cell: c => c.client ? <Plain text={c.client} /> : null },
    { id: 'agent', header: t('live.col.agent'), size: 220, cell: c => c.agent ? <Plain text={c.agent} /> : null },
    { id: 'position', header: t('live.col.position'), size: 160, cell: c => c.position ? <Plain text={c.position} mono /> : null },
  ]
}
