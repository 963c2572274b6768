import { memo } from 'react'
import { t, type Language } from '../../../text.ts'
import { show } from '../model/cell.ts'
import { isNumber, kindOf, type Value } from '../model/values.ts'
import { TypeBadge } from './TypeBadge.tsx'
import css from './grid.module.css'

/** Kinds that their look alone does not tell. */
const badged = new Set(['date', 'decimal', 'binary', 'objectId', 'array', 'object'])

export const CellText = memo(function CellText({ value }: { value: Value | undefined; language: Language }) {
  if (value === undefined) return <span className={css.missing} aria-label={t('data.missing')}>–</span>
  const kind = kindOf(value)
  if (value === '') return <span className={css.missing}>{t('data.emptyString')}</span>
  return (
    <>
      {badged.has(kind) && <TypeBadge kind={kind} />}
      <bdi className={css.text} data-kind={kind} data-number={isNumber(kind) || undefined}>{show(value)}</bdi>
    </>
  )
})
