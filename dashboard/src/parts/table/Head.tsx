import { t } from '../../text.ts'
import type { TableColumn } from './types.ts'

interface Props<R> {
  column: TableColumn<R> | undefined
  resize: (e: unknown) => void
  resizing: boolean
  /** Pixels. */
  width: number
  /** By keys: the grip is a separator. */
  widen: (by: number) => void
}

/** The head of a column: its name, and a grip for its width. */
export function Head<R>({ column, resize, resizing, width, widen }: Props<R>) {
  if (!column) return null
  return (
    <div className="grid-cell" role="columnheader" data-end={column.align === 'end' || undefined} title={column.header}>
      <span className="grid-name">{column.head ?? column.header}</span>
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
