import { Checkbox } from '@mantine/core'
import { memo } from 'react'
import { t, useLanguage } from '../../../text.ts'
import type { Column } from '../model/columns.ts'
import { at, type Doc, idOf } from '../model/values.ts'
import { CellText } from './Cell.tsx'
import css from './grid.module.css'

interface Props {
  index: number
  doc: Doc | undefined
  columns: readonly Column[]
  widths: readonly number[]
  active: number | undefined // column
  editing: boolean
  selected: boolean
  open: boolean
  flash: ReadonlySet<string> | undefined
}

/** One document; what is clicked is found by data attributes, so that rows need no handlers of their own. */
export const Row = memo(function Row({ index, doc, columns, widths, active, editing, selected, open, flash }: Props) {
  const language = useLanguage()
  return (
    <div role="row" aria-rowindex={index + 2} aria-selected={selected} className={css.row} data-row={index} data-id={doc ? idOf(doc) : undefined} data-open={open || undefined} data-flash={flash?.has('') || undefined}>
      <div role="gridcell" aria-colindex={1} className={css.check} data-check>
        {doc && <Checkbox size="xs" tabIndex={-1} checked={selected} readOnly aria-label={t('data.selectRow', { id: idOf(doc) })} />}
      </div>
      {columns.map((c, i) => (
        <div
          key={c.path} role="gridcell" id={`cell-${index}-${i}`} aria-colindex={i + 2} data-col={i}
          className={i === 0 ? `${css.cell} ${css.first}` : css.cell} style={{ width: widths[i] }}
          data-active={active === i || undefined} data-editing={active === i && editing || undefined} data-flash={flash?.has(c.path.split('.')[0] as string) || undefined}
        >
          {doc ? <CellText value={at(doc, c.path)} language={language} /> : <span className={css.skeleton} />}
        </div>
      ))}
    </div>
  )
})
