import { useMemo } from 'react'
import { Alert, Button, Text } from '@mantine/core'
import { IconListSearch } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Page } from '../../parts/Page.tsx'
import { Empty, Failed, Loading, Stale } from '../../parts/states.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { bytes, dateTime, t } from '../../text.ts'
import { idOf, logsOf, type Entry } from './api.ts'
import { EntryDrawer } from './EntryDrawer.tsx'
import { FilterBar } from './FilterBar.tsx'
import { timesOf, useFilters } from './filters.ts'
import { Table } from './Table.tsx'
import { useTail } from './useTail.ts'

/** Requests, the server's log, runs of functions and the audit, as one list. */
export default function Logs() {
  const f = useFilters()
  const [live, setLive] = useUrlState('live')
  const [open, setOpen] = useUrlState('entry')
  const key = { ...f.match, kind: f.kinds, range: f.range, from: f.from, to: f.to }
  const list = useInfiniteQuery({
    queryKey: ['logs', key], initialPageParam: { after: '', times: {} as ReturnType<typeof timesOf> },
    queryFn: async ({ signal, pageParam: p }) => {
      const times = p.after === '' ? timesOf(f) : p.times
      return { ...await logsOf({ ...f.match, kind: f.kinds, ...times, after: p.after, limit: 100 }, signal), times }
    },
    getNextPageParam: last => last.next === '' ? undefined : { after: last.next, times: last.times },
  })
  const tailQuery = useMemo(() => ({ ...f.match, kinds: f.kinds }), [f.match, f.kinds])
  const tail = useTail<Entry>('logs', tailQuery, live !== '', idOf, list.refetch)
  const rows = useMemo(() => {
    const seen = new Set<string>()
    return [...tail.items, ...list.data?.pages.flatMap(p => p.logs) ?? []].filter(e => !seen.has(e.id) && seen.add(e.id))
  }, [tail.items, list.data])
  const pages = list.data?.pages ?? []
  const sum = (of: 'dropped' | 'skipped') => pages.reduce((n, p) => n + p[of], 0)
  const kept = pages[0]?.kept
  const partial = pages.at(-1)?.partial ?? false
  return (
    <Page title="logs.title" fill about={kept && t('logs.about', { n: kept.entries, size: bytes(kept.bytes) }) + (kept.oldest ? ' ' + t('logs.since', { when: dateTime(kept.oldest) }) : '')}>
      <FilterBar f={f} live={live !== ''} setLive={on => setLive(on ? '1' : '', { replace: true })} />
      {tail.error !== undefined && live !== '' && <Alert color="yellow" py={6}>{t('logs.tailLost')}</Alert>}
      {sum('dropped') > 0 && <Alert color="yellow" py={6}>{t('logs.dropped', { n: sum('dropped') })}</Alert>}
      {sum('skipped') > 0 && <Alert color="gray" py={6}>{t('logs.skipped', { n: sum('skipped') })}</Alert>}
      <Stale of={list} />
      {list.isPending ? <Loading /> : list.isLoadingError ? <Failed error={list.error} retry={list.refetch} /> : rows.length === 0 && !list.hasNextPage
        ? <Empty title="logs.none" icon={IconListSearch} about={t(f.any ? 'logs.noneFiltered' : 'logs.noneAbout')} />
        : rows.length === 0
          ? <Empty title="logs.noneYet" icon={IconListSearch} about={t('logs.partial')} action={<Button size="xs" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('logs.goOn')}</Button>} />
          : (
              <Table
                rows={rows} current={open} open={e => setOpen(e.id)} hasMore={list.hasNextPage && !partial} loadMore={list.fetchNextPage} loading={list.isFetchingNextPage}
              />
            )}
      {partial && rows.length > 0 && (
        <Text size="xs" c="dimmed" component="div">
          {t('logs.partial')} <Button size="compact-xs" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('logs.goOn')}</Button>
        </Text>
      )}
      <EntryDrawer id={open} listed={rows.find(e => e.id === open)} close={() => setOpen('')} />
    </Page>
  )
}
