import { useMemo } from 'react'
import { Badge, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { Plain } from '../../parts/Plain.tsx'
import { VirtualTable, type TableColumn } from '../../parts/VirtualTable.tsx'
import { currentLanguage, dateTime, span, t, useLanguage } from '../../text.ts'
import { CallerName, outcomeText } from '../functions/bits.tsx'
import { idOf, lineOf, type Entry } from './api.ts'
import css from './logs.module.css'

interface Props { rows: Entry[]; current: string; open: (e: Entry) => void; hasMore: boolean; loadMore: () => unknown; loading: boolean }

export function Table({ rows, current, open, hasMore, loadMore, loading }: Props) {
  const small = useMediaQuery('(max-width: 40em)', false, { getInitialValueInEffect: false })
  const language = useLanguage()
  const columns = useMemo((): TableColumn<Entry>[] => [
    { id: 'at', header: t('logs.at'), size: small ? 96 : 128, cell: e => <Time at={e.at} /> },
    { id: 'kind', header: t('logs.kind'), size: small ? 84 : 104, cell: e => <KindBadge of={e} /> },
    { id: 'status', header: t('logs.status'), size: 78, cell: e => <Status of={e} /> },
    { id: 'line', header: t('logs.line'), size: small ? 320 : 380, cell: e => <Plain text={lineOf(e)} mono={e.kind === 'server'} /> },
    { id: 'ms', header: t('logs.took'), size: 84, align: 'end', cell: e => e.ms === undefined ? null : span(e.ms) },
    { id: 'caller', header: t('logs.caller'), size: 190, cell: e => e.caller ? <CallerName of={e.caller} /> : null },
  ], [small, language])
  return (
    <VirtualTable
      label={t('logs.title')} columns={columns} rows={rows} rowId={idOf} current={current} onOpen={open} hasMore={hasMore} loadMore={loadMore} loadingMore={loading} rowHeight={30}
      rowClass={e => e.level === 'error' ? css.error as string : e.level === 'warn' ? css.warn as string : undefined}
    />
  )
}

function Time({ at }: { at: string }) {
  const d = new Date(at)
  const today = d.toDateString() === new Date().toDateString()
  const text = new Intl.DateTimeFormat(currentLanguage(), { ...(!today && { month: 'numeric', day: 'numeric' }), hour: '2-digit', minute: '2-digit', second: '2-digit', ...(today && { fractionalSecondDigits: 3 as const }), hourCycle: 'h23' }).format(d)
  return <time dateTime={at} title={dateTime(at)} className="tabular">{text}</time>
}

export function KindBadge({ of }: { of: Entry }) {
  const color = { request: 'gray', server: 'blue', function: 'violet', audit: 'teal' }[of.kind]
  return <Badge size="sm" radius="sm" variant="light" tt="none" color={color}>{t(`logs.kind.${of.kind}`)}</Badge>
}

export function Status({ of }: { of: Entry }) {
  const text = of.status === undefined ? (of.run ? outcomeText(of.run.outcome) : of.level === 'info' ? '' : t(`logs.level.${of.level}`)) : String(of.status)
  return <Text size="sm" component="span" className={`tabular ${of.level === 'error' ? css.bad : of.level === 'warn' ? css.odd : ''}`}>{text}</Text>
}
