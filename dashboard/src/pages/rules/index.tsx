import { useMemo } from 'react'
import { Alert, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconShieldLock } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Page } from '../../parts/Page.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Empty, Failed, Loading, Stale } from '../../parts/states.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { t } from '../../text.ts'
import { rules } from './client.ts'
import { operationOf, sections } from './place.ts'
import { Playground } from './Playground.tsx'
import css from './rules.module.css'
import { RuleView } from './RuleView.tsx'
import { concerns, Tree } from './Tree.tsx'

/** The rules as written, and a place to try them. */
export default function RulesPage() {
  const [chosen, choose] = useUrlState('rule')
  const all = useQuery({ queryKey: ['rules', 'all'], queryFn: ({ signal }) => rules(signal), refetchInterval: 30_000 })
  const tree = useMemo(() => all.data ? sections(all.data) : [], [all.data])
  const items = useMemo(() => tree.flatMap(s => s.items), [tree])
  const item = items.find(i => i.id === chosen) ?? items[0]
  const helpers = useMemo(() => all.data?.helpers.map(h => h.key.split('(')[0] ?? h.key) ?? [], [all.data])
  const others = all.data?.diagnostics.filter(d => !items.some(i => concerns(d, i))) ?? []
  const collection = item?.collection ?? all.data?.collections[0]?.name ?? ''
  return (
    <Page title="rules.title" fill>
      <Stale of={all} />
      {all.isPending ? <Loading /> : all.isLoadingError ? <Failed error={all.error} retry={all.refetch} /> : all.data.collections.length === 0
        ? <Empty title="rules.none" icon={IconShieldLock} about={t('rules.noneAbout')} />
        : (
            <div className={css.page}>
              <Tree sections={tree} diagnostics={all.data.diagnostics} current={item?.id} choose={id => choose(id)} />
              <div className={css.main}>
                {others.length > 0 && (
                  <Alert color="yellow" p="xs" icon={<IconAlertTriangle size={16} />}>
                    <Stack gap={2}>{others.map((d, i) => <Text key={i} size="xs" component="div"><Plain text={`${d.file}:${d.line}`} mono /> <Plain text={d.message} wrap max={500} /></Text>)}</Stack>
                  </Alert>
                )}
                {item && <RuleView key={item.id} item={item} helpers={helpers} />}
                <Playground key={collection + (item?.kind === 'access' ? item.key : '')} all={all.data} collection={collection} op={item?.kind === 'access' ? operationOf(item.key) : 'get'} />
              </div>
            </div>
          )}
    </Page>
  )
}
