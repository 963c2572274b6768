import { useMemo, type ReactNode } from 'react'
import { ActionIcon, Code, Group, NativeSelect, Tabs, Text } from '@mantine/core'
import { IconArrowLeft, IconCode, IconList, IconPlayerPlay } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { usePaletteActions } from '../../layout/actions.ts'
import { Plain } from '../../parts/Plain.tsx'
import { Failed, Loading, Stale } from '../../parts/states.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { span, t, useLanguage } from '../../text.ts'
import { functionOf, runsIn, type FnShown } from './api.ts'
import { Counted } from './bits.tsx'
import css from './functions.module.css'
import { Invoke } from './Invoke.tsx'
import { triggerText } from './List.tsx'
import { Runs } from './Runs.tsx'
import { Source } from './Source.tsx'

export function Detail({ name, names, choose }: { name: string; names: string[]; choose: (name: string) => void }) {
  const [tab, setTab] = useUrlState('tab', 'runs')
  const fn = useQuery({ queryKey: ['functions', name], queryFn: ({ signal }) => functionOf(name, signal), refetchInterval: 15_000 })
  const language = useLanguage()
  usePaletteActions(useMemo(() => [
    { id: 'runs', label: t('functions.runs'), icon: IconList, run: () => setTab('runs') },
    { id: 'source', label: t('functions.source'), icon: IconCode, run: () => setTab('source') },
    { id: 'call', label: t('functions.callIt'), icon: IconPlayerPlay, run: () => setTab('call') },
  ], [setTab, language]))
  return (
    <>
      <Group gap="xs" wrap="nowrap">
        <ActionIcon variant="default" size="lg" aria-label={t('functions.back')} onClick={() => choose('')}><IconArrowLeft size={18} /></ActionIcon>
        <NativeSelect aria-label={t('functions.name')} value={name} data={names.includes(name) ? names : [name, ...names]} onChange={e => choose(e.currentTarget.value)} maw={320} flex={1} fw={600} />
      </Group>
      <Stale of={fn} />
      {fn.isPending ? <Loading /> : fn.isLoadingError ? <Failed error={fn.error} retry={fn.refetch} /> : (
        <>
          <Facts fn={fn.data} />
          <Tabs value={tab} onChange={v => setTab(v ?? 'runs')} keepMounted={false} className={css.tabs as string}>
            <Tabs.List>
              <Tabs.Tab value="runs">{t('functions.runs')}</Tabs.Tab>
              <Tabs.Tab value="source">{t('functions.source')}</Tabs.Tab>
              <Tabs.Tab value="call">{t('functions.call')}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="runs" className={css.panel as string}><Runs name={name} /></Tabs.Panel>
            <Tabs.Panel value="source" className={css.scroll as string}><Source fn={fn.data} /></Tabs.Panel>
            <Tabs.Panel value="call" className={css.scroll as string}><Invoke fn={fn.data} /></Tabs.Panel>
          </Tabs>
        </>
      )}
    </>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={css.fact}>
      <Text size="xs" c="dimmed">{name}</Text>
      <Text size="sm" component="div" className="tabular" miw={0}>{children}</Text>
    </div>
  )
}

function Facts({ fn }: { fn: FnShown }) {
  const day = fn.counts.day
  const runs = runsIn(day)
  return (
    <div className={css.facts}>
      <Fact name={t('functions.trigger')}><Plain text={triggerText(fn.trigger)} mono /></Fact>
      {fn.auth !== '' && <Fact name={t('functions.auth')}><Plain text={fn.auth} mono /></Fact>}
      <Fact name={t('functions.day')}>
        <Counted of={day} />
      </Fact>
      <Fact name="p50 / p99">{runs === 0 ? '–' : `${span(day.p50)} / ${span(day.p99)}`}</Fact>
      <Fact name={t('functions.timeout')}>{span(fn.timeoutMs)}</Fact>
      <Fact name={t('functions.rights')}>{fn.admin ? <Code>ctx.admin</Code> : t('functions.rightsCaller')}</Fact>
      <Fact name={t('functions.declared')}><Plain text={`${fn.declaredIn}:${fn.line}`} mono /></Fact>
    </div>
  )
}
