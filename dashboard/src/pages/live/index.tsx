import { useRef } from 'react'
import { Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Page } from '../../parts/Page.tsx'
import { Failed, Loading, Stale } from '../../parts/states.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { t } from '../../text.ts'
import * as client from './client.ts'
import { Connections } from './Connections.tsx'
import { Console } from './Console.tsx'
import { Groups } from './Groups.tsx'
import css from './live.module.css'
import { Numbers } from './Numbers.tsx'

/** Live queries: who listens, to what, and whether all is delivered. */
export default function Live() {
  const [tab, setTab] = useUrlState('tab', 'connections')
  const used = useSeen(tab === 'console') // its frames and its socket stay while another tab is looked at
  const now = useQuery({ queryKey: ['live', 'overview'], queryFn: ({ signal }) => client.overview(signal), refetchInterval: 2_000 })
  return (
    <Page title="live.title" fill>
      <Stale of={now} />
      {now.isPending ? <Loading /> : now.isLoadingError ? <Failed error={now.error} retry={now.refetch} /> : (
        <>
          <Numbers now={now.data} />
          <Tabs value={tab} onChange={v => setTab(v ?? '')} keepMounted={false} keepMountedMode="display-none" className={css.main as string}>
            <Tabs.List>
              <Tabs.Tab value="connections">{t('live.tab.connections', { n: now.data.connections })}</Tabs.Tab>
              <Tabs.Tab value="groups">{t('live.tab.groupsOf', { n: now.data.groups })}</Tabs.Tab>
              <Tabs.Tab value="console">{t('live.tab.console')}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="connections" className={css.panel as string}><Connections /></Tabs.Panel>
            <Tabs.Panel value="groups" className={css.panel as string}><Groups /></Tabs.Panel>
            <Tabs.Panel value="console" className={css.panel as string} keepMounted>{used && <Console />}</Tabs.Panel>
          </Tabs>
        </>
      )}
    </Page>
  )
}

/** Whether it was ever so. */
function useSeen(now: boolean): boolean {
  const seen = useRef(false)
  seen.current ||= now
  return seen.current
}
