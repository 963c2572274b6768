import { useMemo, useState } from 'react'
import { Group, Text, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { Plain } from '../../parts/Plain.tsx'
import { Empty } from '../../parts/states.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { VirtualTable, type TableColumn } from '../../parts/VirtualTable.tsx'
import { span, t, useLanguage } from '../../text.ts'
import { Counted, outcomeText } from './bits.tsx'
import { runsIn, type CountsOf, type Fn, type Trigger } from './api.ts'

/** How a function is started, in a few words. */
export function triggerText(trigger: Trigger): string {
  switch (trigger.kind) {
    case 'http': return `${trigger.method} ${trigger.path}`
    case 'before': return `${t('functions.beforeOps', { ops: (trigger.ops ?? []).join(', ') })} · ${trigger.collection}`
    case 'call': return t('functions.trigger.call')
    default: return trigger.event ?? trigger.kind
  }
}

const none = <Text size="sm" c="dimmed">–</Text>

const ms = (of: CountsOf, of99: boolean) => runsIn(of) === 0 ? none : span(of99 ? of.p99 : of.p50)

export function List({ all, open }: { all: Fn[]; open: (name: string) => void }) {
  const [search, setSearch] = useState('')
  const language = useLanguage()
  const columns = useMemo((): TableColumn<Fn>[] => [
    { id: 'name', header: t('functions.name'), size: 190, cell: f => <Text size="sm" fw={600} component="div" miw={0}><Plain text={f.name} /></Text> },
    { id: 'trigger', header: t('functions.trigger'), size: 220, cell: f => <Plain text={triggerText(f.trigger)} mono /> },
    { id: 'hour', header: t('functions.hour'), size: 180, cell: f => runsIn(f.counts.hour) === 0 ? none : <Counted of={f.counts.hour} /> },
    { id: 'day', header: t('functions.day'), size: 180, cell: f => runsIn(f.counts.day) === 0 ? none : <Counted of={f.counts.day} /> },
    { id: 'p50', header: 'p50', size: 80, align: 'end', cell: f => ms(f.counts.day, false) },
    { id: 'p99', header: 'p99', size: 80, align: 'end', cell: f => ms(f.counts.day, true) },
    { id: 'error', header: t('functions.lastError'), size: 220, cell: f => f.lastError
      ? <Group gap={6} wrap="nowrap" miw={0}><Text size="xs" c="dimmed"><TimeAgo at={f.lastError.at} /></Text><Plain text={f.lastError.error ?? outcomeText(f.lastError.outcome)} /></Group>
      : none },
    { id: 'auth', header: t('functions.auth'), size: 200, cell: f => f.auth === '' ? none : <Plain text={f.auth} mono /> },
    { id: 'file', header: t('functions.file'), size: 220, cell: f => <Plain text={f.file} mono /> },
  ], [language])
  const rows = all.filter(f => (f.name + ' ' + triggerText(f.trigger) + ' ' + f.file).toLowerCase().includes(search.toLowerCase()))
  return (
    <>
      <TextInput size="sm" maw={320} leftSection={<IconSearch size={16} />} aria-label={t('functions.search')} placeholder={t('functions.search')} value={search} onChange={e => setSearch(e.currentTarget.value)} />
      <Text size="xs" c="dimmed">{t('functions.countsAbout')}</Text>
      {rows.length === 0
        ? <Empty title="functions.noneFound" />
        : <VirtualTable label={t('functions.title')} columns={columns} rows={rows} rowId={f => f.name} onOpen={f => open(f.name)} remember="functions" rowHeight={40} total={rows.length} />}
    </>
  )
}
