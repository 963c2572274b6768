import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { moved } from '../src/parts/table/keys.ts'
import { VirtualTable, type VirtualTableProps } from '../src/parts/VirtualTable.tsx'
import { loadTexts } from '../src/text.ts'

interface Row { id: string; n: number }
const rows: Row[] = Array.from({ length: 1000 }, (_, i) => ({ id: 'r' + i, n: i }))
const columns = [
  { id: 'id', header: 'Id', cell: (r: Row) => r.id },
  { id: 'n', header: 'N', cell: (r: Row) => r.n, align: 'end' as const },
]

beforeAll(async () => {
  await loadTexts('en')
  // jsdom has no layout: the virtual rows need a height
  Object.defineProperty(HTMLElement.prototype, 'clientHeight', { configurable: true, get: () => 400 })
  Object.defineProperty(HTMLElement.prototype, 'clientWidth', { configurable: true, get: () => 600 })
})
afterEach(cleanup)

function show(p: Partial<VirtualTableProps<Row>> = {}) {
  render(<MantineProvider><VirtualTable label="rows" columns={columns} rows={rows} rowId={r => r.id} {...p} /></MantineProvider>)
  return screen.getByRole('grid')
}

describe('moved', () => {
  const to = (row: number, col: number, key: string, ctrlKey = false) => moved({ key, ctrlKey, metaKey: false }, { row, col }, 10, 3, 5)
  it('stays within the grid', () => {
    expect(to(0, 0, 'ArrowUp')).toEqual({ row: 0, col: 0 })
    expect(to(8, 2, 'PageDown')).toEqual({ row: 9, col: 2 })
    expect(to(5, 1, 'Home', true)).toEqual({ row: 0, col: 0 })
    expect(to(5, 1, 'End')).toEqual({ row: 5, col: 2 })
    expect(to(5, 1, 'ArrowDown', true)).toEqual({ row: 9, col: 1 })
    expect(to(5, 1, 'x')).toBeUndefined()
  })
})

describe('VirtualTable', () => {
  it('keeps only rows in sight in the page, and says how many there are', () => {
    const grid = show()
    expect(grid.getAttribute('aria-rowcount')).toBe('1001')
    const drawn = grid.querySelectorAll('.grid-row').length
    expect(drawn).toBeGreaterThan(5)
    expect(drawn).toBeLessThan(60)
  })

  it('opens and deletes by keys', () => {
    const onOpen = vi.fn()
    const onDelete = vi.fn()
    const grid = show({ onOpen, onDelete })
    fireEvent.keyDown(grid, { key: 'ArrowDown' })
    fireEvent.keyDown(grid, { key: 'ArrowRight' })
    fireEvent.keyDown(grid, { key: 'Enter' })
    expect(onOpen).toHaveBeenCalledWith(rows[1])
    fireEvent.keyDown(grid, { key: 'Delete' })
    expect(onDelete).toHaveBeenCalledWith(rows[1])
    expect(grid.getAttribute('aria-activedescendant')).toBe(grid.querySelector('[data-active]')?.id)
  })

  it('asks for more when the end comes near, once at a time', () => {
    const loadMore = vi.fn()
    show({ rows: rows.slice(0, 3), hasMore: true, loadMore })
    expect(loadMore).toHaveBeenCalled()
    cleanup()
    loadMore.mockClear()
    show({ rows: rows.slice(0, 3), hasMore: true, loadMore, loadingMore: true })
    cleanup()
    show({ rows: rows.slice(0, 3), hasMore: false, loadMore })
    expect(loadMore).not.toHaveBeenCalled()
  })
})
