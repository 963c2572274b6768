import { IconCode } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Page } from '../../parts/Page.tsx'
import { Empty, Failed, Loading, Stale } from '../../parts/states.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { t } from '../../text.ts'
import { functionsOf } from './api.ts'
import { Detail } from './Detail.tsx'
import { List } from './List.tsx'

/** The app's code: what there is, how it fares, what it did. */
export default function Functions() {
  const [name, open] = useUrlState('fn')
  const list = useQuery({ queryKey: ['functions'], queryFn: ({ signal }) => functionsOf(signal), refetchInterval: 15_000 })
  const all = list.data?.functions ?? []
  return (
    <Page title="functions.title" about={name === '' ? t('functions.about') : undefined} fill>
      <Stale of={list} />
      {list.isPending ? <Loading /> : list.isLoadingError ? <Failed error={list.error} retry={list.refetch} /> : all.length === 0
        ? <Empty title="functions.none" icon={IconCode} about={t('functions.noneAbout')} />
        : name === ''
          ? <List all={all} open={open} />
          : <Detail key={name} name={name} names={all.map(f => f.name)} choose={open} />}
    </Page>
  )
}
