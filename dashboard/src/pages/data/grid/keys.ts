import type { Spot } from '../../../parts/table/keys.ts'

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
