import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { between, move } from '../src/parts/table/useGridKeys.ts'
import { VirtualTable, type VirtualTableProps } from '../src/parts/VirtualTable.tsx'
import { loadTexts } from '../src/text.ts'

interface Row { id: string; n: number }
const rows: Row[] = Array.from({ length: 1000 }, (_, i) => ({ id: 'r' + i, n: i }))
const columns = [
  { id: 'id', header: 'Id', cell: (r: Row) => r.id, sortable: true },
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

describe('move', () => {
  it('stays within the grid', () => {
    expect(move({ row: 0, column: 0 }, 'ArrowUp', false, 10, 3, 5)).toEqual({ row: 0, column: 0 })
    expect(move({ row: 8, column: 2 }, 'PageDown', false, 10, 3, 5)).toEqual({ row: 9, column: 2 })
    expect(move({ row: 5, column: 1 }, 'Home', true, 10, 3, 5)).toEqual({ row: 0, column: 0 })
    expect(move({ row: 5, column: 1 }, 'End', false, 10, 3, 5)).toEqual({ row: 5, column: 2 })
    expect(move({ row: 5, column: 1 }, 'x', false, 10, 3, 5)).toBeUndefined()
  })
  it('takes ranges in both directions', () => {
    expect(between(['a', 'b', 'c', 'd'], 2, 1)).toEqual(['b', 'c'])
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

  it('opens and selects by keys', () => {
    const onOpen = vi.fn()
    const onSelect = vi.fn()
    const grid = show({ onOpen, onSelect, selected: new Set() })
    fireEvent.keyDown(grid, { key: 'ArrowDown' })
    fireEvent.keyDown(grid, { key: 'ArrowRight' })
    fireEvent.keyDown(grid, { key: 'Enter' })
    expect(onOpen).toHaveBeenCalledWith(rows[1], 'n')
    fireEvent.keyDown(grid, { key: ' ' })
    expect(onSelect).toHaveBeenLastCalledWith(new Set(['r1']))
    fireEvent.keyDown(grid, { key: 'a', ctrlKey: true })
    expect(onSelect.mock.lastCall?.[0].size).toBe(1000)
    expect(grid.getAttribute('aria-activedescendant')).toBe(grid.querySelector('[data-active]')?.id)
  })

  it('sorts by a click on a head', () => {
    const onSort = vi.fn()
    show({ onSort, sort: { id: 'id', desc: true } })
    fireEvent.click(screen.getByRole('button', { name: 'Id' }))
    expect(onSort).toHaveBeenCalledWith('id')
    expect(screen.getAllByRole('columnheader')[0]?.getAttribute('aria-sort')).toBe('descending')
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

  it('hides columns', () => {
    show({ hidden: new Set(['n']) })
    expect(screen.queryByText('N')).toBeNull()
  })
})
