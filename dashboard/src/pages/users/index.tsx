import { useMemo } from 'react'
import { Button, Group, Text } from '@mantine/core'
import { IconMailPlus, IconUserPlus, IconUsers } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Page } from '../../parts/Page.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Empty, Failed, Loading, Stale } from '../../parts/states.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { VirtualTable, type TableColumn } from '../../parts/VirtualTable.tsx'
import { t, useLanguage } from '../../text.ts'
import { list, nameOf, type User } from './api.ts'
import { CreateUser, InviteUser } from './Create.tsx'
import { FilterBar, useFilters } from './FilterBar.tsx'
import { Status } from './Status.tsx'
import { UserDrawer } from './UserDrawer.tsx'
import css from './users.module.css'

/** The app's users: who they are, how they sign in, what was done to them. */
export default function Users() {
  const [filters, any] = useFilters()
  const [open, setOpen] = useUrlState('user')
  const [adding, setAdding] = useUrlState('do')
  const found = useInfiniteQuery({
    queryKey: ['users', 'list', filters], initialPageParam: '',
    queryFn: ({ pageParam, signal }) => list(filters, pageParam, signal), getNextPageParam: last => last.next || undefined,
  })
  const rows = useMemo(() => found.data?.pages.flatMap(p => p.users) ?? [], [found.data])
  const total = found.data?.pages[0]?.total
  const language = useLanguage()
  const columns = useMemo(makeColumns, [language])
  const add = (
    <>
      <Button variant="default" size="xs" leftSection={<IconMailPlus size={16} />} onClick={() => setAdding('invite')}>{t('users.invite')}</Button>
      <Button size="xs" leftSection={<IconUserPlus size={16} />} onClick={() => setAdding('create')}>{t('users.create')}</Button>
    </>
  )
  return (
    <Page title="users.title" fill actions={add}>
      <FilterBar total={total} />
      <Stale of={found} />
      {found.isPending ? <Loading /> : found.isLoadingError ? <Failed error={found.error} retry={found.refetch} /> : rows.length === 0 && !found.hasNextPage
        ? any
          ? <Empty title="users.noMatch" icon={IconUsers} about={t('users.noMatchAbout')} />
          : <Empty title="users.none" icon={IconUsers} about={t('users.noneAbout')} action={<Group gap="xs" mt="xs">{add}</Group>} />
        : (
            <div className={css.table}>
              <VirtualTable
                label={t('users.title')} columns={columns} rows={rows} rowId={u => u.id} onOpen={u => setOpen(u.id)} current={open || undefined} remember="users" rowHeight={44}
                hasMore={found.hasNextPage} loadingMore={found.isFetchingNextPage} loadMore={() => found.fetchNextPage()} total={total !== undefined && total >= 0 && !found.hasNextPage ? rows.length : undefined}
              />
            </div>
          )}
      {open !== '' && <UserDrawer id={open} close={() => setOpen('')} />}
      {adding === 'create' && <CreateUser close={() => setAdding('')} made={u => setOpen(u.id)} />}
      {adding === 'invite' && <InviteUser close={() => setAdding('')} made={u => setOpen(u.id)} />}
    </Page>
  )
}

function makeColumns(): TableColumn<User>[] {
  return [
    { id: 'user', header: t('users.user'), size: 280, cell: u => <Who user={u} /> },
    { id: 'status', header: t('users.status'), size: 130, cell: u => <Status user={u} /> },
    { id: 'roles', header: t('users.roles'), size: 150, cell: u => <Plain text={(u.app_metadata.roles ?? []).join(', ')} /> },
    { id: 'providers', header: t('users.providers'), size: 140, cell: u => u.is_anonymous ? null : <Plain text={[...new Set(u.identities.map(i => i.provider))].join(', ')} /> },
    { id: 'last', header: t('users.lastSignIn'), size: 140, cell: u => u.last_sign_in_at ? <TimeAgo at={u.last_sign_in_at} /> : <Text span size="sm" c="dimmed">{t('users.never')}</Text> },
    { id: 'created', header: t('users.created'), size: 140, cell: u => <TimeAgo at={u.created_at} /> },
  ]
}

function Who({ user: u }: { user: User }) {
  const name = nameOf(u)
  return (
    <div className={css.who}>
      <div>{u.email ? <Plain text={u.email} /> : <Plain text={u.id} mono />}</div>
      {name !== '' && <Text size="xs" c="dimmed" component="div"><Plain text={name} /></Text>}
    </div>
  )
}
