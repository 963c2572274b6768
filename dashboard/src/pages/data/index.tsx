import { Group, Tabs, Text } from '@mantine/core'
import { IconDatabase } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Page } from '../../parts/Page.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Empty, Failed, Loading, Stale } from '../../parts/states.tsx'
import { bytes, t } from '../../text.ts'
import { IndexesTab, RulesTab, SchemaTab } from './About.tsx'
import * as client from './client.ts'
import { Collections } from './Collections.tsx'
import css from './data.module.css'
import { Documents } from './Documents.tsx'
import { otherCollection, usePlace } from './place.ts'

/** The documents of the app, and what is known about them. */
export default function Data() {
  const [place, go] = usePlace()
  const list = useQuery({ queryKey: ['data', 'collections'], queryFn: ({ signal }) => client.collections(signal), refetchInterval: 30_000 })
  const all = list.data?.collections ?? []
  const current = all.find(c => c.name === place.collection) ?? (place.collection === '' ? all[0] : undefined)
  return (
    <Page title="data.title" fill>
      <Stale of={list} />
      {list.isPending ? <Loading /> : list.isLoadingError ? <Failed error={list.error} retry={list.refetch} /> : all.length === 0
        ? <Empty title="data.none" icon={IconDatabase} about={t('data.noneAbout')} />
        : (
            <div className={css.page}>
              <Collections list={all} current={current?.name ?? place.collection} choose={name => go(otherCollection(name))} />
              {current
                ? (
                    <Tabs className={css.main as string} value={place.tab} onChange={v => go({ tab: v === 'documents' ? '' : v ?? '', panel: '', doc: '' })} keepMounted={false}>
                      <Tabs.List>
                        <Tabs.Tab value="documents">{t('data.tab.documents')}</Tabs.Tab>
                        <Tabs.Tab value="schema">{t('data.tab.schema')}</Tabs.Tab>
                        <Tabs.Tab value="indexes">{t('data.tab.indexes')}</Tabs.Tab>
                        <Tabs.Tab value="rules">{t('data.tab.rules')}</Tabs.Tab>
                        <Group ml="auto" gap="sm" visibleFrom="sm" wrap="nowrap">
                          <Text size="sm" fw={600} component="div"><Plain text={current.name} /></Text>
                          <Text size="xs" c="dimmed" className="tabular">{t('data.size', { n: current.count, size: bytes(current.bytes) })}</Text>
                        </Group>
                      </Tabs.List>
                      <Tabs.Panel value="documents" className={css.panel as string}><Documents key={current.name} collection={current} place={{ ...place, collection: current.name }} go={go} /></Tabs.Panel>
                      <Tabs.Panel value="schema" className={css.panel as string}><SchemaTab c={current} /></Tabs.Panel>
                      <Tabs.Panel value="indexes" className={css.panel as string}><IndexesTab c={current} /></Tabs.Panel>
                      <Tabs.Panel value="rules" className={css.panel as string}><RulesTab c={current} /></Tabs.Panel>
                    </Tabs>
                  )
                : <Empty title="data.unknown" icon={IconDatabase} about={t('data.unknownAbout')} />}
            </div>
          )}
    </Page>
  )
}
