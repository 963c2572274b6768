import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { useSyncExternalStore } from 'react'
import { afterEach, beforeAll, expect, it, vi } from 'vitest'
import { loadTexts } from '../../../text.ts'
import { Rows } from '../model/rows.ts'
import { type Doc, idOf } from '../model/values.ts'
import { parseDoc } from '../model/wire.ts'
import { Grid, type GridProps } from './Grid.tsx'

beforeAll(() => loadTexts('en'))
afterEach(cleanup)

const doc = (id: string): Doc => parseDoc(`{"_id": "${id}", "_version": 1, "name": "${id}", "stock": "3"}`)
const columns = ['_id', 'name', 'stock'].map(path => ({ path }))
const rest = {
  label: 'things', widths: [100, 100, 100], kinds: ['', '', ''], sort: [], schema: undefined, readOnly: false, selected: new Map(), openId: '', flash: new Map(),
  onSelect() {}, onOpen() {}, onDelete() {}, onSort() {}, onResize() {}, onMove() {}, onWindow() {},
}

function Page({ rows, onSave, columns: cols }: { rows: Rows; onSave: GridProps['onSave']; columns: GridProps['columns'] }) {
  return <Grid {...rest} columns={cols} rows={rows} view={useSyncExternalStore(rows.subscribe, rows.snapshot)} onSave={onSave} />
}

/** A table of these documents, and what makes it one of others, as a live refresh does. */
async function table(...ids: string[]) {
  let docs = ids.map(doc)
  const rows = new Rows(async () => ({ docs, next: null }))
  const onSave = vi.fn<GridProps['onSave']>().mockResolvedValue()
  const page = (cols: GridProps['columns']) => <MantineProvider env="test"><Notifications /><Page rows={rows} onSave={onSave} columns={cols} /></MantineProvider>
  const { rerender } = render(page(columns))
  await screen.findAllByText(ids[0] as string)
  const refresh = (now: string[]) => {
    docs = now.map(doc)
    return rows.refresh()
  }
  return {
    onSave,
    refresh,
    become: (...now: string[]) => act(() => refresh(now)),
    columns: (...paths: string[]) => rerender(page(paths.map(path => ({ path })))),
  }
}
const cell = (id: string, col: number) => document.querySelector(`[data-id="${id}"] [data-col="${col}"]`) as HTMLElement
const input = () => document.querySelector<HTMLInputElement>('[data-editor] input')
const type = (text: string) => fireEvent.change(input() as HTMLInputElement, { target: { value: text } })
const press = (key: string) => act(async () => { fireEvent.keyDown(input() as HTMLInputElement, { key }) })

it('keeps an open editor with its document when rows move, and writes that one', async () => {
  const { onSave, become } = await table('a', 'b', 'c')
  fireEvent.click(cell('b', 1), { detail: 2 })
  type('typed')
  const [at] = [input()]
  await become('new', 'a', 'b', 'c')
  expect(input()).toBe(at)
  expect(at?.value).toBe('typed')
  expect(cell('b', 1).dataset.editing).toBe('true')
  expect(document.querySelectorAll('[data-active]')).toHaveLength(1)
  await press('Enter')
  expect(onSave).toHaveBeenCalledOnce()
  const [written, path, value] = onSave.mock.calls[0] as Parameters<GridProps['onSave']>
  expect([idOf(written), path, value]).toEqual(['b', 'name', 'typed'])
  expect(input()).toBeNull()
})

it('goes on from where the document is by then', async () => {
  const { onSave, refresh } = await table('a', 'b', 'c')
  fireEvent.click(cell('b', 1), { detail: 2 })
  type('typed')
  onSave.mockImplementation(() => refresh(['b', 'a', 'c'])) // as an order by the last change does
  await press('Tab')
  await act(() => new Promise(requestAnimationFrame))
  expect(input()?.getAttribute('aria-label')).toBe('stock of b')
})

it('keeps the editor of a document that left the rows, and says so', async () => {
  const { onSave, become } = await table('a', 'b', 'c')
  fireEvent.click(cell('b', 1), { detail: 2 })
  type('typed')
  await become('a', 'c')
  expect(input()?.value).toBe('typed')
  expect(screen.getByText(/no longer among these rows/).textContent).toContain('b')
  await press('Enter')
  expect(onSave.mock.calls.map(([d]) => idOf(d))).toEqual(['b'])
})

it('keeps the editor with its field when a column comes before it', async () => {
  const { onSave, columns: show } = await table('a', 'b')
  fireEvent.click(cell('b', 1), { detail: 2 })
  type('typed')
  show('_id', 'stock', 'name')
  expect(cell('b', 2).dataset.editing).toBe('true')
  await press('Enter')
  expect(onSave.mock.calls.map(([, path]) => path)).toEqual(['name'])
})

const grid = () => document.querySelector('[data-grid]') as HTMLElement
const cursor = () => [...document.querySelectorAll<HTMLElement>('[data-active]')].map(c => `${c.closest<HTMLElement>('[data-id]')?.dataset.id} ${c.dataset.col}`)

it('keeps the cursor with its document and its field when rows and columns move', async () => {
  const { become, columns: show } = await table('a', 'b', 'c')
  fireEvent.click(cell('b', 1), { detail: 1 })
  await become('new', 'a', 'b', 'c')
  expect(cursor()).toEqual(['b 1'])
  expect(grid().getAttribute('aria-activedescendant')).toBe(cell('b', 1).id)
  show('_id', 'stock', 'name')
  expect(cursor()).toEqual(['b 2'])
  fireEvent.keyDown(grid(), { key: 'ArrowDown' })
  expect(cursor()).toEqual(['c 2'])
})

it('gives the cursor to the next document when its own has gone, and keeps it there', async () => {
  const { become } = await table('a', 'b', 'c')
  fireEvent.click(cell('b', 1), { detail: 1 })
  await become('a', 'c')
  expect(cursor()).toEqual(['c 1'])
  await become('a', 'b', 'c')
  expect(cursor()).toEqual(['c 1'])
  await become('a')
  expect(cursor()).toEqual(['a 1'])
})

it('leaves the cursor in the first row until it is placed', async () => {
  const { become } = await table('a', 'b')
  await become('new', 'a', 'b')
  expect(cursor()).toEqual(['new 0'])
})

it('edits the document under the cursor, not the row it was in', async () => {
  const { onSave, become } = await table('a', 'b')
  fireEvent.keyDown(grid(), { key: 'ArrowRight' })
  await become('new', 'a', 'b')
  fireEvent.keyDown(grid(), { key: 'Enter' })
  type('typed')
  await become('newer', 'new', 'a', 'b')
  await press('Enter')
  expect(onSave.mock.calls.map(([d]) => idOf(d))).toEqual(['a'])
})

it('tells of a refusal when a click elsewhere has closed the editor', async () => {
  const { onSave } = await table('a', 'b')
  fireEvent.click(cell('b', 1), { detail: 2 })
  type('typed')
  let refuse = (_: Error) => {}
  onSave.mockImplementation(() => new Promise((_, no) => { refuse = no }))
  fireEvent.blur(input() as HTMLInputElement)
  fireEvent.click(cell('a', 2), { detail: 1 })
  expect(input()).toBeNull()
  await act(async () => refuse(new Error('too dear')))
  expect(screen.getByRole('alert').textContent).toContain('too dear')
})

it('keeps an open editor on its cell when another row is checked', async () => {
  const { onSave } = await table('a', 'b')
  fireEvent.click(cell('a', 1), { detail: 2 })
  type('typed')
  fireEvent.click(document.querySelector('[data-id="b"] [data-check]') as HTMLElement, { detail: 1 })
  fireEvent.keyDown(grid(), { key: 'ArrowDown' })
  expect(cell('a', 1).dataset.editing).toBe('true')
  expect(cursor()).toEqual(['a 1'])
  await press('Enter')
  expect(onSave.mock.calls.map(([d]) => idOf(d))).toEqual(['a'])
})

it('has a cursor when its column goes', async () => {
  const { columns: show } = await table('a', 'b')
  fireEvent.click(cell('b', 2), { detail: 1 })
  show('_id', 'name')
  expect(cursor()).toEqual(['b 1'])
})
