import { useEffect, useRef } from 'react'
import { Tabs } from '@mantine/core'
import { Page } from '../../parts/Page.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { t, type Key } from '../../text.ts'
import { AboutTab } from './AboutTab.tsx'
import { ConfigTab } from './ConfigTab.tsx'
import { KeysTab } from './KeysTab.tsx'
import { MailTab } from './MailTab.tsx'
import { OperatorsTab } from './OperatorsTab.tsx'
import { SigningTab } from './SigningTab.tsx'
import css from './settings.module.css'

const tabs = [
  { id: 'config', text: 'settings.tab.config', Panel: ConfigTab },
  { id: 'keys', text: 'settings.tab.keys', Panel: KeysTab },
  { id: 'operators', text: 'settings.tab.operators', Panel: OperatorsTab },
  { id: 'signing', text: 'settings.tab.signing', Panel: SigningTab },
  { id: 'mail', text: 'settings.tab.mail', Panel: MailTab },
  { id: 'about', text: 'settings.tab.about', Panel: AboutTab },
] as const satisfies { id: string; text: Key; Panel: React.ComponentType }[]

/** How this server is set up, and who and what may get at it. */
export default function Settings() {
  const [tab, setTab] = useUrlState('tab', 'config')
  const known = tabs.some(row => row.id === tab) ? tab : 'config'
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => { // they do not all fit on a phone
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [known])
  return (
    <Page title="settings.title">
      <Tabs value={known} onChange={v => setTab(v ?? 'config')} keepMounted={false}>
        <Tabs.List ref={list} className={css.tabs as string}>{tabs.map(row => <Tabs.Tab key={row.id} value={row.id}>{t(row.text)}</Tabs.Tab>)}</Tabs.List>
        {tabs.map(({ id, Panel }) => <Tabs.Panel key={id} value={id} pt="md">{known === id && <Panel />}</Tabs.Panel>)}
      </Tabs>
    </Page>
  )
}
