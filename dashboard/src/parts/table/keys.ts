/** A cell of a grid, by its row and column. */
export interface Spot { row: number; col: number }

/** Where a key leads from a spot in so many rows and columns; undefined if it is none that moves. */
export function moved(e: { key: string; ctrlKey: boolean; metaKey: boolean }, at: Spot, rows: number, cols: number, page: number): Spot | undefined {
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
