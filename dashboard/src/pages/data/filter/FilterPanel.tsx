import { Alert, Button, Group, Paper, SegmentedControl, Stack } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { t, type Key } from '../../../text.ts'
import { ValueError } from '../model/cell.ts'
import { fromWhere, type Group as FilterGroup, newRow, toWhere, whereText } from '../model/filter.ts'
import type { Doc } from '../model/values.ts'
import { GroupEditor } from './GroupEditor.tsx'
import { RawFilter } from './RawFilter.tsx'
import css from './filter.module.css'

interface Props {
  whereText: string
  where: Doc | undefined
  fields: readonly string[]
  schema: Doc | undefined
  docs: readonly Doc[]
  /** Takes the keys when it opens. */
  focus: boolean
  apply: (text: string) => void
  close: () => void
}

/** Typing goes on in the filter, if it is open. */
export function focusFilter(): void {
  document.querySelector<HTMLElement>('[data-filter-field], [role=search] .cm-content')?.focus()
}

/** The filter of the query: by conditions, or as JSON; both show the same one. */
export function FilterPanel(p: Props) {
  const [raw, setRaw] = useState(p.where === undefined)
  const [group, setGroup] = useState(() => begin(p.where))
  const [problem, setProblem] = useState('')
  useEffect(() => {
    if (p.focus) focusFilter()
  }, [])
  const suggesting = useRef(false) // a list of fields is open, and is what Escape closes; told before the list hears of it

  const apply = (g: FilterGroup = group) => {
    try {
      p.apply(whereText(toWhere(g)))
      setProblem('')
    } catch (e) {
      setProblem(e instanceof ValueError ? t(e.key as Key) : String(e))
    }
  }
  const turn = (to: string) => {
    if (to === 'raw') apply()
    else setGroup(begin(p.where))
    setRaw(to === 'raw')
  }
  const ways = (
    <Group gap="xs" ml="auto">
      <SegmentedControl size="xs" value={raw ? 'raw' : 'builder'} onChange={turn} data={[{ value: 'builder', label: t('data.filter.builder') }, { value: 'raw', label: 'JSON' }]} aria-label={t('data.filter.form')} />
      <Button size="compact-xs" variant="subtle" color="gray" onClick={p.close}>{t('data.filter.hide')}</Button>
    </Group>
  )
  return (
    <Paper
      withBorder p="sm" radius="md" className={css.panel} role="search" aria-label={t('data.filter.title')}
      onKeyDownCapture={e => { if (e.key === 'Escape') suggesting.current = (e.target as HTMLElement).dataset.mantineStopPropagation === 'true' }}
      onKeyDown={e => { if (e.key === 'Escape' && !e.defaultPrevented && !suggesting.current) p.close() }}
    >
        {raw
          ? <RawFilter text={p.whereText} fields={p.fields} schema={p.schema} apply={p.apply} ways={ways} />
          : (
              <form onSubmit={e => {
                e.preventDefault()
                apply()
              }}>
                <Stack gap="sm">
                  <GroupEditor group={group} fields={p.fields} schema={p.schema} docs={p.docs} change={setGroup} top />
                  {problem && <Alert color="red" p="xs" role="alert">{problem}</Alert>}
                  <Group gap="xs" className={css.acts}>
                    <Button type="submit" size="xs">{t('data.filter.apply')}</Button>
                    <Button
                      size="xs" variant="default" onClick={() => {
                        const none = begin(undefined)
                        setGroup(none)
                        apply(none)
                      }}
                    >{t('data.filter.clear')}</Button>
                    {ways}
                  </Group>
                </Stack>
              </form>
            )}
    </Paper>
  )
}

function begin(where: Doc | undefined): FilterGroup {
  const g = fromWhere(where ?? new Map())
  return g.items.length === 0 ? { ...g, items: [newRow()] } : g
}
