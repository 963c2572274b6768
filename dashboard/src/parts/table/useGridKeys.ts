import { useState, type KeyboardEvent } from 'react'
import { moved, type Spot } from './keys.ts'
import type { VirtualTableProps } from './types.ts'

/** The active cell of a grid, moved by keys, and what keys do with its row. */
export function useGridKeys<R>({ rows, onOpen, onDelete }: VirtualTableProps<R>, columns: number, page: number, reveal: (row: number) => void) {
  const [at, setAt] = useState<Spot>({ row: 0, col: 0 })
  const active = { row: Math.min(at.row, Math.max(0, rows.length - 1)), col: Math.min(at.col, Math.max(0, columns - 1)) }

  const onKeyDown = (e: KeyboardEvent<HTMLElement>) => {
    if (e.target !== e.currentTarget || e.altKey || rows.length === 0) return
    const row = rows[active.row] as R
    const to = moved(e, active, rows.length, columns, page)
    if (to) {
      setAt(to)
      reveal(to.row)
    } else if (e.key === 'Enter' && onOpen) onOpen(row)
    else if (e.key === 'Delete' && onDelete) onDelete(row)
    else return
    e.preventDefault()
  }
  return { active, setAt, onKeyDown }
}
