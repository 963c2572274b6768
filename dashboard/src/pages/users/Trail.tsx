import { Fragment } from 'react'
import { Anchor, Button, Center, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { useOperators } from '../../parts/operators.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Failed, Loading, Stale } from '../../parts/states.tsx'
import { T } from '../../parts/Text.tsx'
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
  const names = useOperators()
  if (found.isPending) return <Loading />
  if (found.isLoadingError) return <Failed error={found.error} retry={found.refetch} />
  const rows = found.data.pages.flatMap(p => p.rows)
  return (
    <div>
      <Stale of={found} />
      {rows.length === 0 && <Text size="sm" c="dimmed">{found.hasNextPage ? t('users.trailFar') : t('users.trailNone')}</Text>}
      {rows.map(r => <Line key={r.id} row={r} of={user.id} names={names} />)}
      {found.hasNextPage && <Center mt="sm"><Button variant="default" size="xs" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t('users.trailMore')}</Button></Center>}
    </div>
  )
}

function Line({ row: r, of, names }: { row: Row; of: string; names: Map<string, string> }) {
  const about = [
    r.detail && <Plain text={r.detail} wrap max={600} />,
    r.operator && <T k="users.byOperator" values={{ id: <Plain text={names.get(r.operator) ?? r.operator} /> }} />,
    r.key && <T k="users.byKey" values={{ id: <Plain text={r.key} mono /> }} />,
    r.function && <T k="users.byFunction" values={{ id: <Plain text={r.function} mono /> }} />,
    r.user && r.user !== of && <T k="users.trailUser" values={{ user: <To id={r.user} /> }} />,
    r.target && r.target !== of && <T k="users.trailTarget" values={{ target: isUser(r.target) ? <To id={r.target} /> : <Plain text={names.get(r.target) ?? r.target} /> }} />,
    r.network && <Plain text={r.network} />,
  ].filter(Boolean)
  return (
    <div className={css.item}>
      <div className={css.grow}>
        <Text size="sm" component="div"><Plain text={r.event} mono />{(r.count ?? 0) > 1 && <Text span size="xs" c="dimmed">{` ×${r.count}`}</Text>}</Text>
        <Text size="xs" c="dimmed" component="div">{about.map((part, i) => <Fragment key={i}>{i > 0 && ' · '}{part}</Fragment>)}</Text>
      </div>
      <Text size="xs" c="dimmed" component="div"><TimeAgo at={r.at} /></Text>
    </div>
  )
}

/** Ids of users are UUIDs; other targets are names. */
const isUser = (id: string): boolean => /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(id)

const To = ({ id }: { id: string }) => <Anchor component={Link} href={`/users?user=${encodeURIComponent(id)}`} size="xs"><Plain text={id} mono /></Anchor>
