import { Button, Center, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Plain } from '../../parts/Plain.tsx'
import { Failed, Loading, Stale } from '../../parts/states.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { t } from '../../text.ts'
import { trail, type Row, type User } from './api.ts'
import css from './users.module.css'

/** What happened to the account, the newest first. Rows are kept a year and nobody can change them. */
export function Trail({ user }: { user: User }) {
  const found = useInfiniteQuery({
    queryKey: ['users', 'trail', user.id], initialPageParam: '',
    queryFn: ({ pageParam, signal }) => trail(user.id, pageParam, signal), getNextPageParam: last => last.next || undefined,
  })
  if (found.isPending) return <Loading />
  if (found.isLoadingError) return <Failed error={found.error} retry={found.refetch} />
  const rows = found.data.pages.flatMap(p => p.rows)
  return (
    <div>
      <Stale of={found} />
      {rows.length === 0 && <Text size="sm" c="dimmed">{found.hasNextPage ? t('users.trailFar') : t('users.trailNone')}</Text>}
      {rows.map(r => <Line key={r.id} row={r} />)}
      {found.hasNextPage && <Center mt="sm"><Button variant="default" size="xs" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t('users.trailMore')}</Button></Center>}
    </div>
  )
}

function Line({ row: r }: { row: Row }) {
  const who = r.operator ? t('users.byOperator', { id: r.operator }) : r.key ? t('users.byKey', { id: r.key }) : r.function ? t('users.byFunction', { id: r.function }) : ''
  return (
    <div className={css.item}>
      <div className={css.grow}>
        <Text size="sm" component="div"><Plain text={r.event} mono />{(r.count ?? 0) > 1 && <Text span size="xs" c="dimmed">{` ×${r.count}`}</Text>}</Text>
        <Text size="xs" c="dimmed" component="div"><Plain text={[r.detail, who, r.network].filter(Boolean).join(' · ')} wrap max={600} /></Text>
      </div>
      <Text size="xs" c="dimmed" component="div"><TimeAgo at={r.at} /></Text>
    </div>
  )
}
