import { useMemo } from 'react'
import { Alert, Badge, Button, Group, NativeSelect, Text } from '@mantine/core'
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Plain } from '../../parts/Plain.tsx'
import { Empty, Failed, Loading, Stale } from '../../parts/states.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { VirtualTable, type TableColumn } from '../../parts/VirtualTable.tsx'
import { span, t, useLanguage } from '../../text.ts'
import { useTail } from '../logs/useTail.ts'
import { keyOf, runsOf, type Run } from './api.ts'
import { CallerName, OutcomeBadge } from './bits.tsx'
import { RunDrawer } from './RunDrawer.tsx'

/** The recent runs of a function, and those that come. */
export function Runs({ name }: { name: string }) {
  const [outcome, setOutcome] = useUrlState('outcome')
  const [live, setLive] = useUrlState('live')
  const [open, setOpen] = useUrlState('run')
  const query = useMemo(() => ({ function: name, outcome }), [name, outcome])
  const list = useInfiniteQuery({
    queryKey: ['functions', 'runs', query], initialPageParam: '',
    queryFn: ({ signal, pageParam }) => runsOf({ ...query, after: pageParam, limit: 100 }, signal),
    getNextPageParam: last => last.next || undefined,
  })
  const tail = useTail<Run>('runs', query, live !== '', keyOf, list.refetch)
  const rows = useMemo(() => {
    const seen = new Set<string>()
    return [...tail.items, ...list.data?.pages.flatMap(p => p.runs) ?? []].filter(r => !seen.has(keyOf(r)) && seen.add(keyOf(r)))
  }, [tail.items, list.data])
  const language = useLanguage()
  const columns = useMemo((): TableColumn<Run>[] => [
    { id: 'outcome', header: t('functions.outcome'), size: 110, cell: r => <OutcomeBadge of={r} /> },
    { id: 'at', header: t('functions.at'), size: 140, cell: r => <TimeAgo at={r.at} /> },
    { id: 'ms', header: t('functions.took'), size: 90, align: 'end', cell: r => span(r.ms) },
    { id: 'caller', header: t('functions.caller'), size: 180, cell: r => <CallerName of={r.caller} /> },
    { id: 'said', header: t('functions.said'), size: 380, cell: r => <Said run={r} /> },
    { id: 'cold', header: t('functions.start'), size: 80, cell: r => r.cold ? <Badge size="sm" variant="light" tt="none" color="blue">{t('functions.cold')}</Badge> : null },
  ], [language])
  const dropped = list.data?.pages.reduce((n, p) => n + p.dropped, 0) ?? 0
  const skipped = list.data?.pages.reduce((n, p) => n + p.skipped, 0) ?? 0
  const partial = list.data?.pages.at(-1)?.partial
  return (
    <>
      <Group gap="xs">
        <NativeSelect
          size="xs" aria-label={t('functions.outcome')} value={outcome} onChange={e => setOutcome(e.currentTarget.value)}
          data={[{ value: '', label: t('functions.allRuns') }, { value: 'failed', label: t('functions.onlyFailed') }, { value: 'refused', label: t('functions.onlyRefused') }, { value: 'ok', label: t('functions.onlyOk') }]}
        />
        <Button size="xs" variant={live ? 'light' : 'default'} aria-pressed={live !== ''} leftSection={live ? <IconPlayerPause size={14} /> : <IconPlayerPlay size={14} />} onClick={() => setLive(live ? '' : '1', { replace: true })}>
          {live ? t('logs.pause') : t('logs.live')}
        </Button>
        <Text size="xs" c="dimmed">{t('functions.keptFor')}</Text>
      </Group>
      {tail.error !== undefined && live !== '' && <Alert color="yellow" py={6}>{t('logs.tailLost')}</Alert>}
      {dropped > 0 && <Alert color="yellow" py={6}>{t('logs.dropped', { n: dropped })}</Alert>}
      {skipped > 0 && <Alert color="gray" py={6}>{t('logs.skipped', { n: skipped })}</Alert>}
      <Stale of={list} />
      {list.isPending ? <Loading /> : list.isLoadingError ? <Failed error={list.error} retry={list.refetch} /> : rows.length === 0 && !partial
        ? <Empty title="functions.noRuns" about={t(outcome ? 'functions.noRunsFiltered' : 'functions.noRunsAbout')} />
        : (
            <VirtualTable
              label={t('functions.runsOf', { name })} columns={columns} rows={rows} rowId={keyOf} current={rows.find(r => r.id === open.split(' ')[0]) && open} remember="runs"
              onOpen={r => setOpen(keyOf(r))} hasMore={list.hasNextPage} loadMore={list.fetchNextPage} loadingMore={list.isFetchingNextPage}
            />
          )}
      <RunDrawer which={open} close={() => setOpen('')} />
    </>
  )
}

function Said({ run }: { run: Run }) {
  const last = run.console?.at(-1)
  if (run.error) return <Plain text={run.error} />
  return last ? <Text size="sm" c="dimmed" component="div" miw={0}><Plain text={last.text} mono /></Text> : null
}
