import { useState, type KeyboardEvent } from 'react'
import type { VirtualTableProps } from './types.ts'

export interface Cell { row: number; column: number }

/** Where the arrow and page keys lead in a grid of so many rows and columns; undefined: another key. */
export function move(at: Cell, key: string, ctrl: boolean, rows: number, columns: number, page: number): Cell | undefined {
  const to = { ...at }
  switch (key) {
    case 'ArrowDown': to.row++; break
    case 'ArrowUp': to.row--; break
    case 'ArrowRight': to.column++; break
    case 'ArrowLeft': to.column--; break
    case 'PageDown': to.row += page; break
    case 'PageUp': to.row -= page; break
    case 'Home': to.column = 0; if (ctrl) to.row = 0; break
    case 'End': to.column = columns - 1; if (ctrl) to.row = rows - 1; break
    default: return undefined
  }
  const within = (n: number, count: number) => Math.max(0, Math.min(count - 1, n))
  return { row: within(to.row, rows), column: within(to.column, columns) }
}

/** The ids between two rows, both included. */
export function between(ids: string[], a: number, b: number): string[] {
  return ids.slice(Math.min(a, b), Math.max(a, b) + 1)
}

/** The active cell of a grid, moved by keys, and what keys do with its row. */
export function useGridKeys<R>(p: VirtualTableProps<R>, columns: string[], page: number, reveal: (row: number) => void) {
  const [at, setAt] = useState<Cell>({ row: 0, column: 0 })
  const [anchor, setAnchor] = useState(0)
  const active = { row: Math.min(at.row, Math.max(0, p.rows.length - 1)), column: Math.min(at.column, Math.max(0, columns.length - 1)) }

  const toggle = (row: number, range: boolean) => {
    if (!p.onSelect) return
    const next = new Set(p.selected)
    const ids = range ? between(p.rows.map(p.rowId), anchor, row) : [p.rowId(p.rows[row] as R)]
    const on = range || !next.has(ids[0] as string)
    for (const id of ids) on ? next.add(id) : next.delete(id)
    setAnchor(row)
    p.onSelect(next)
  }

  const onKeyDown = (e: KeyboardEvent<HTMLElement>) => {
    if (e.target !== e.currentTarget || e.altKey) return // an editor in a cell has its own keys
    const ctrl = e.ctrlKey || e.metaKey
    const row = p.rows[active.row]
    const column = columns[active.column] ?? ''
    const to = move(active, e.key, ctrl, p.rows.length, columns.length, page)
    if (to) {
      setAt(to)
      reveal(to.row)
      if (e.shiftKey && p.onSelect && to.row !== active.row) p.onSelect(new Set([...p.selected ?? [], ...between(p.rows.map(p.rowId), active.row, to.row)]))
    } else if (row === undefined) return
    else if (e.key === 'Enter' && p.onOpen) p.onOpen(row, column)
    else if (e.key === 'F2' && p.onEdit) p.onEdit(row, column)
    else if (e.key === 'Delete' && p.onDelete) p.onDelete(row)
    else if (e.key === ' ' && p.onSelect) toggle(active.row, e.shiftKey)
    else if (e.key === 'a' && ctrl && p.onSelect) p.onSelect(new Set(p.rows.map(p.rowId)))
    else if (e.key === 'Escape' && p.onSelect && p.selected?.size) p.onSelect(new Set())
    else return
    e.preventDefault()
  }
  return { active, setAt, toggle, onKeyDown }
}
