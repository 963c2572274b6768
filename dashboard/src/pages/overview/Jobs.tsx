import { Badge, Button, Center, Group, Paper, SegmentedControl, Stack, Text } from '@mantine/core'
import { IconChecks } from '@tabler/icons-react'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { del, get, post } from '../../api/api.ts'
import { confirm } from '../../parts/Confirm.tsx'
import { Drawer } from '../../parts/Drawer.tsx'
import { notify, notifyError } from '../../parts/notify.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Empty, Failed, Loading, Stale } from '../../parts/states.tsx'
import { T } from '../../parts/Text.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { t, word } from '../../text.ts'

interface Job { id: string; kind: string; state: 'waiting' | 'running' | 'dead'; at: string; tries: number; reason: string }
interface Jobs { jobs: Job[]; next: string }

const states = ['dead', 'waiting'] as const

/** The durable jobs: what was given up, to try again or to drop, and what waits. */
export default function JobsDrawer({ state: asked, choose }: { state: string; choose: (state: string) => void }) {
  const state = states.find(s => s === asked) ?? 'dead'
  const queries = useQueryClient()
  const list = useInfiniteQuery({
    queryKey: ['overview', 'jobs', state], initialPageParam: '', refetchInterval: 10_000,
    queryFn: ({ pageParam, signal }) => get<Jobs>('/admin/v1/jobs', { state, after: pageParam }, signal), getNextPageParam: last => last.next || undefined,
  })
  const jobs = list.data?.pages.flatMap(p => p.jobs) ?? []
  const anew = () => queries.invalidateQueries({ queryKey: ['overview'] })
  const retry = useMutation({
    mutationFn: (j: Job) => post(`/admin/v1/jobs/${encodeURIComponent(j.id)}/retry`),
    onSuccess: () => {
      notify(t('overview.jobs.retried'))
      return anew()
    },
    onError: notifyError,
  })
  const drop = (j: Job) => confirm({
    title: t('overview.jobs.delete'), about: t('overview.jobs.deleteAbout'), action: t('overview.jobs.delete'), name: j.kind,
    run: async () => {
      await del('/admin/v1/jobs/' + encodeURIComponent(j.id))
      notify(t('overview.jobs.deleted'))
      await anew()
    },
  })
  return (
    <Drawer opened onClose={() => choose('')} position="right" size="lg" title={<Text fw={600}>{t('overview.jobs')}</Text>} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <Stack gap="sm">
        <SegmentedControl size="xs" aria-label={t('overview.jobs')} value={state} onChange={choose} data={states.map(value => ({ value, label: t(`overview.jobs.${value}`) }))} />
        <Text size="xs" c="dimmed">{t(`overview.jobs.${state}About`)}</Text>
        <Stale of={list} />
        {list.isPending ? <Loading /> : list.isLoadingError ? <Failed error={list.error} retry={list.refetch} /> : jobs.length === 0
          ? <Empty title={state === 'dead' ? 'overview.jobs.noneDead' : 'overview.jobs.noneWaiting'} icon={IconChecks} />
          : jobs.map(j => (
              <Paper key={j.id} withBorder p="xs" data-job={j.id}>
                <Group gap="xs" wrap="nowrap" justify="space-between">
                  <Text size="sm" fw={600} component="div" miw={0}><Plain text={j.kind} mono /></Text>
                  <Badge size="sm" variant="light" tt="none" color={j.state === 'dead' ? 'red' : j.state === 'running' ? 'blue' : 'gray'}>{word(`overview.jobs.state.${j.state}`, j.state)}</Badge>
                </Group>
                {j.reason !== '' && <Text size="sm" component="div"><Plain text={j.reason} wrap max={2000} /></Text>}
                <Group gap="xs" justify="space-between" mt={4}>
                  <Text size="xs" c="dimmed" component="div"><T k="overview.jobs.tries" values={{ n: j.tries, when: <TimeAgo at={j.at} /> }} /> · <Plain text={j.id} mono max={40} /></Text>
                  {j.state === 'dead' && (
                    <Group gap={6}>
                      <Button size="compact-xs" variant="default" loading={retry.isPending && retry.variables.id === j.id} onClick={() => retry.mutate(j)}>{t('overview.jobs.retry')}</Button>
                      <Button size="compact-xs" variant="subtle" color="red" onClick={() => drop(j)}>{t('overview.jobs.delete')}</Button>
                    </Group>
                  )}
                </Group>
              </Paper>
            ))}
        {list.hasNextPage && <Center><Button size="xs" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('overview.jobs.more')}</Button></Center>}
      </Stack>
    </Drawer>
  )
}
