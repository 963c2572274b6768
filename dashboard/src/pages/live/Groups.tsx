import { useMemo } from 'react'
import { Anchor, Badge, Group, Select, Text } from '@mantine/core'
import { IconUsersGroup } from '@tabler/icons-react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useLocation } from 'wouter'
import { get } from '../../api/api.ts'
import { Plain } from '../../parts/Plain.tsx'
import { Empty, Failed, Loading, Stale } from '../../parts/states.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { VirtualTable, type TableColumn } from '../../parts/VirtualTable.tsx'
import { number, t, useLanguage, type Key } from '../../text.ts'
import * as client from './client.ts'
import { consoleLink, groupLink } from './link.ts'

const shared: Record<client.Group['shared'], Key> = { all: 'live.shared.all', alike: 'live.shared.alike', one: 'live.shared.one' }

/** The subscriptions that see the same, the largest first. */
export function Groups() {
  const [collection, setCollection] = useUrlState('collection')
  const [, go] = useLocation()
  const list = useQuery({ queryKey: ['live', 'groups', collection], queryFn: ({ signal }) => client.groups(collection, signal), refetchInterval: 3_000, placeholderData: keepPreviousData })
  const rows = list.data?.groups ?? []
  const all = useQuery({ queryKey: ['data', 'collections'], queryFn: ({ signal }) => get<{ collections: { name: string }[] }>('/admin/v1/collections', undefined, signal), staleTime: 60_000, retry: false })
  const names = [...new Set([collection, ...rows.map(g => g.collection), ...all.data?.collections.map(c => c.name) ?? []])].filter(Boolean).sort()
  const language = useLanguage()
  const columns = useMemo(() => columnsOf(q => go(groupLink(location.search, q))), [language])
  return (
    <>
      <Group gap="sm">
        <Select size="xs" w={220} clearable searchable placeholder={t('live.allCollections')} aria-label={t('live.collection')} value={collection || null} onChange={v => setCollection(v ?? '')} data={names} />
        {list.data && list.data.all > rows.length && <Text size="xs" c="dimmed">{t('live.largest', { n: rows.length, all: list.data.all })}</Text>}
      </Group>
      <Stale of={list} />
      {list.isPending ? <Loading /> : list.isLoadingError ? <Failed error={list.error} retry={list.refetch} /> : rows.length === 0
        ? <Empty title="live.noGroups" icon={IconUsersGroup} about={t('live.noGroupsAbout')} />
        : (
            <VirtualTable
              label={t('live.tab.groups')} columns={columns} rows={rows} rowId={g => g.q} remember="live.groups"
              onOpen={g => go(consoleLink(location.search, g.query))}
            />
          )}
    </>
  )
}

function columnsOf(members: (q: string) => void): TableColumn<client.Group>[] {
  const count = (n: number) => <span className="tabular">{number(n)}</span>
  return [
    { id: 'collection', header: t('live.collection'), size: 120, cell: g => <Plain text={g.collection} /> },
    { id: 'query', header: t('live.col.query'), size: 340, cell: g => <Plain text={JSON.stringify(client.rest(g.query))} mono /> },
    { id: 'members', header: t('live.col.members'), size: 90, align: 'end', cell: g => (
      <Anchor component="button" type="button" size="sm" className="tabular" aria-label={t('live.membersOf', { n: g.members, collection: g.collection })} onClick={() => members(g.q)}>{number(g.members)}</Anchor>
    ) },
    { id: 'rows', header: t('live.col.rows'), size: 80, align: 'end', cell: g => <span className="tabular">{number(g.rows)}{g.more && '+'}</span> },
    { id: 'shared', header: t('live.col.shared'), size: 180, cell: g => <Text size="xs" span>{t(shared[g.shared])}</Text> },
    {
      id: 'state', header: t('live.col.state'), size: 150, cell: g => (
        <Group gap={4} wrap="nowrap">
          <Badge size="xs" variant="light" color={g.ready ? 'teal' : 'yellow'}>{t(g.ready ? 'live.group.ready' : 'live.group.waits')}</Badge>
          {g.reading && <Badge size="xs" variant="light" color="blue">{t('live.group.reading')}</Badge>}
          {g.lagging > 0 && <Badge size="xs" color="red">{t('live.group.lagging', { n: g.lagging })}</Badge>}
        </Group>
      ),
    },
    { id: 'reads', header: t('live.col.reads'), size: 80, align: 'end', cell: g => count(g.reads) },
    { id: 'readOn', header: t('live.col.readOn'), size: 120, cell: g => g.readOn && <TimeAgo at={g.readOn} /> },
    { id: 'readAt', header: t('live.col.position'), size: 160, cell: g => <Plain text={g.readAt} mono /> },
  ]
}
