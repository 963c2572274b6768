import { MantineProvider } from '@mantine/core'
import { cleanNotifications, Notifications } from '@mantine/notifications'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react'
import { afterEach, beforeAll, expect, it, vi } from 'vitest'
import { ApiError } from '../../api/error.ts'
import { loadTexts } from '../../text.ts'
import { useActs } from './acts.tsx'
import * as client from './client.ts'
import { Rows } from './model/rows.ts'
import { parseDoc } from './model/wire.ts'

vi.mock('./client.ts', { spy: true })

beforeAll(() => loadTexts('en'))
afterEach(() => {
  cleanup()
  cleanNotifications()
  vi.resetAllMocks()
})

const docs = ['a', 'b', 'c'].map(id => parseDoc(`{"_id": "${id}", "_version": 1, "name": "${id}"}`))
const rows = new Rows(async () => ({ docs: [], next: null }))
let acts: ReturnType<typeof useActs>
function Page() {
  acts = useActs('things', rows, { selected: new Map(), setSelected() {}, openId: '', go() {} })
  return null
}
const away = new ApiError(503, { code: 'unavailable', message: 'no server' })
const sent = () => vi.mocked(client.commit).mock.calls.map(([writes]) => writes.map(w => `${w.op} ${w.id}`).join(', '))

it('takes the offer away when the keyboard has undone it, and undoes it once', async () => {
  render(<MantineProvider env="test"><QueryClientProvider client={new QueryClient()}><Notifications /><Page /></QueryClientProvider></MantineProvider>)
  vi.mocked(client.commit).mockResolvedValue()
  await act(async () => acts.remove(docs))
  const button = screen.getByRole('button', { name: 'Undo' })
  await act(async () => {
    const first = acts.undo()
    fireEvent.click(button) // while the first is on its way
    await Promise.all([first, acts.undo()])
  })
  expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull()
  expect(sent()).toEqual(['delete a, delete b, delete c', 'create a, create b, create c'])
})

it('offers again what an undo did not bring back, but not what was refused', async () => {
  render(<MantineProvider env="test"><QueryClientProvider client={new QueryClient()}><Notifications /><Page /></QueryClientProvider></MantineProvider>)
  vi.mocked(client.commit).mockResolvedValueOnce()
  await act(async () => acts.remove(docs))
  vi.mocked(client.commit)
    .mockRejectedValueOnce(new ApiError(409, { code: 'already_exists', message: 'taken', field: 'writes[0].id' }))
    .mockRejectedValueOnce(away)
  await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Undo' })))
  expect(screen.getByText('2 documents are still deleted')).not.toBeNull()
  expect(screen.getByText(/3 did not come back/).textContent).toContain('no server')

  vi.mocked(client.commit).mockRejectedValueOnce(away)
  await act(async () => fireEvent.click(within(screen.getByText('2 documents are still deleted').parentElement as HTMLElement).getByRole('button', { name: 'Undo' })))
  vi.mocked(client.commit).mockResolvedValueOnce()
  await act(() => acts.undo()) // by the keyboard
  expect(sent()).toEqual([
    'delete a, delete b, delete c', 'create a, create b, create c', 'create b, create c',
    'create b, create c', 'create b, create c',
  ])
  vi.mocked(client.commit).mockClear()
  await act(() => acts.undo())
  expect(client.commit).not.toHaveBeenCalled()
})
