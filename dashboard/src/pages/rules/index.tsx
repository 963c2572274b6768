import { useMemo } from 'react'
import { Alert, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconShieldLock } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'wouter'
import { Page } from '../../parts/Page.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Empty, Failed, Loading, Stale } from '../../parts/states.tsx'
import { t } from '../../text.ts'
import { rules } from './client.ts'
import { choosing, sections, trialOf, trying } from './place.ts'
import { Playground } from './Playground.tsx'
import css from './rules.module.css'
import { RuleView } from './RuleView.tsx'
import { concerns, Tree } from './Tree.tsx'

/** The rules as written, and a place to try them. */
export default function RulesPage() {
  const [params, setParams] = useSearchParams()
  const all = useQuery({ queryKey: ['rules', 'all'], queryFn: ({ signal }) => rules(signal), refetchInterval: 30_000 })
  const tree = useMemo(() => all.data ? sections(all.data) : [], [all.data])
  const items = useMemo(() => tree.flatMap(s => s.items), [tree])
  const trial = trialOf(params, items, all.data?.collections.map(c => c.name) ?? [])
  const { item } = trial
  const helpers = useMemo(() => all.data?.helpers.map(h => h.key.split('(')[0] ?? h.key) ?? [], [all.data])
  const others = all.data?.diagnostics.filter(d => !items.some(i => concerns(d, i))) ?? []
  return (
    <Page title="rules.title" fill>
      <Stale of={all} />
      {all.isPending ? <Loading /> : all.isLoadingError ? <Failed error={all.error} retry={all.refetch} /> : all.data.collections.length === 0
        ? <Empty title="rules.none" icon={IconShieldLock} about={t('rules.noneAbout')} />
        : (
            <div className={css.page}>
              <Tree sections={tree} diagnostics={all.data.diagnostics} current={item?.id} choose={to => setParams(choosing(params, trial, to))} />
              <div className={css.main}>
                {others.length > 0 && (
                  <Alert color="yellow" p="xs" icon={<IconAlertTriangle size={16} />}>
                    <Stack gap={2}>{others.map((d, i) => <Text key={i} size="xs" component="div"><Plain text={`${d.file}:${d.line}`} mono /> <Plain text={d.message} wrap max={500} /></Text>)}</Stack>
                  </Alert>
                )}
                {item && <RuleView key={item.id} item={item} helpers={helpers} />}
                <Playground all={all.data} trial={trial} change={to => setParams(trying(params, trial, items, to))} />
              </div>
            </div>
          )}
    </Page>
  )
}
