import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { t } from '../../text.ts'
import type { TableColumn, TableSort } from './types.ts'

interface Props<R> {
  column: TableColumn<R> | undefined
  sort: TableSort | undefined
  onSort: ((column: string) => void) | undefined
  resize: (e: unknown) => void
  resizing: boolean
  /** Pixels. */
  width: number
  /** By keys: the grip is a separator. */
  widen: (by: number) => void
}

/** The head of a column: its name, how it is sorted, and a grip for its width. */
export function Head<R>({ column, sort, onSort, resize, resizing, width, widen }: Props<R>) {
  if (!column) return null
  const sorted = sort?.id === column.id ? sort : undefined
  const Arrow = sorted?.desc ? IconArrowDown : IconArrowUp
  const name = <span className="grid-name">{column.head ?? column.header}</span>
  return (
    <div
      className="grid-cell" role="columnheader" data-end={column.align === 'end' || undefined} title={column.header}
      {...(column.sortable && { 'aria-sort': sorted ? (sorted.desc ? 'descending' : 'ascending') : 'none' })}
    >
      {column.sortable && onSort
        ? <button type="button" className="grid-sort" onClick={() => onSort(column.id)}>{name}{sorted && <Arrow size={13} aria-hidden />}</button>
        : name}
      <span
        className="grid-grip" role="separator" aria-orientation="vertical" aria-valuenow={width} aria-valuemin={60} aria-valuemax={1200} aria-label={t('table.width', { name: column.header })} data-on={resizing || undefined} tabIndex={-1}
        onMouseDown={resize} onTouchStart={resize} onClick={e => e.stopPropagation()}
        onKeyDown={e => {
          if (e.key === 'ArrowLeft' || e.key === 'ArrowRight') widen(e.key === 'ArrowLeft' ? -16 : 16)
        }}
      />
    </div>
  )
}
