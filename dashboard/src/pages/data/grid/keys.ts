import type { KeyboardEvent } from 'react'

export interface Spot { row: number; col: number }

/** Where a key leads from a spot; undefined if it is none that moves. */
export function moved(e: KeyboardEvent, at: Spot, rows: number, cols: number, page: number): Spot | undefined {
  const [lastRow, lastCol] = [rows - 1, cols - 1]
  const all = e.ctrlKey || e.metaKey
  const to = (row: number, col: number): Spot => ({ row: Math.max(0, Math.min(lastRow, row)), col: Math.max(0, Math.min(lastCol, col)) })
  switch (e.key) {
    case 'ArrowDown': return to(all ? lastRow : at.row + 1, at.col)
    case 'ArrowUp': return to(all ? 0 : at.row - 1, at.col)
    case 'ArrowRight': return to(at.row, all ? lastCol : at.col + 1)
    case 'ArrowLeft': return to(at.row, all ? 0 : at.col - 1)
    case 'PageDown': return to(at.row + page, at.col)
    case 'PageUp': return to(at.row - page, at.col)
    case 'Home': return to(all ? 0 : at.row, 0)
    case 'End': return to(all ? lastRow : at.row, lastCol)
  }
  return undefined
}

/** The next cell that can be edited, in reading order. */
export function nextSpot(at: Spot, rows: number, cols: number, back: boolean, editable: (col: number) => boolean): Spot | undefined {
  let { row, col } = at
  for (let i = 0; i < cols * 2; i++) {
    col += back ? -1 : 1
    if (col >= cols) [row, col] = [row + 1, 0]
    if (col < 0) [row, col] = [row - 1, cols - 1]
    if (row < 0 || row >= rows) return undefined
    if (editable(col)) return { row, col }
  }
  return undefined
}
