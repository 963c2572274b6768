import { lazy, Suspense } from 'react'
import { Group, NativeSelect, SegmentedControl } from '@mantine/core'
import { IconChartLine } from '@tabler/icons-react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { get } from '../../api/api.ts'
import { Page } from '../../parts/Page.tsx'
import { Empty, Failed, Loading, Stale } from '../../parts/states.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { t } from '../../text.ts'
import { Events } from './Events.tsx'
import { FirstSteps } from './FirstSteps.tsx'
import { Health } from './Health.tsx'
import { measured } from './plots.ts'
import { Plots } from './Plots.tsx'
import { ranges, type Metrics, type Overview as State, type Range } from './wire.ts'

const fresh = 10_000
const Jobs = lazy(() => import('./Jobs.tsx'))

/** Is it healthy, what needs me, and how it went. */
export default function Overview() {
  const [asked, setRange] = useUrlState('range', '1h')
  const [node, setNode] = useUrlState('node')
  const [jobs, setJobs] = useUrlState('jobs')
  const range: Range = ranges.find(r => r === asked) ?? '1h'
  const state = useQuery({ queryKey: ['overview', 'state'], queryFn: ({ signal }) => get<State>('/admin/v1/overview', undefined, signal), refetchInterval: fresh })
  const metrics = useQuery({
    queryKey: ['overview', 'metrics', range, node], placeholderData: keepPreviousData, refetchInterval: range === '1h' ? fresh : 6 * fresh,
    queryFn: ({ signal }) => get<Metrics>('/admin/v1/metrics', { range, node }, signal),
  })
  const nodes = metrics.data?.nodes ?? []
  return (
    <Page
      title="overview.title"
      actions={(
        <Group gap="xs">
          {(nodes.length > 1 || node !== '') && (
            <NativeSelect
              size="xs" w={190} aria-label={t('overview.node')} value={node} onChange={e => setNode(e.currentTarget.value)}
              data={[{ value: '', label: t('overview.allNodes') }, ...[...new Set([...nodes, node])].filter(n => n !== '').map(n => ({ value: n, label: n }))]}
            />
          )}
          <SegmentedControl size="xs" aria-label={t('overview.range')} value={range} onChange={setRange} data={ranges.map(value => ({ value, label: t(`overview.range.${value}`) }))} />
        </Group>
      )}
    >
      {state.isPending ? <Loading /> : state.isLoadingError ? <Failed error={state.error} retry={state.refetch} /> : (
        <>
          <Stale of={state} />
          <Health overview={state.data} />
          {state.data.app.empty && <FirstSteps />}
          <Stale of={metrics} />
          {metrics.isPending ? <Loading /> : metrics.isLoadingError ? <Failed error={metrics.error} retry={metrics.refetch} />
            : !measured(metrics.data) ? <Empty title="overview.nothing" icon={IconChartLine} about={t('overview.nothingAbout')} />
            : (
                <>
                  <Plots metrics={metrics.data} />
                  <Events events={metrics.data.events} nodes={nodes.length} />
                </>
              )}
        </>
      )}
      {jobs !== '' && <Suspense><Jobs state={jobs} choose={setJobs} /></Suspense>}
    </Page>
  )
}
