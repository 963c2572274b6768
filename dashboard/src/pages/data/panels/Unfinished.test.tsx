import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react'
import { afterEach, beforeAll, expect, it, vi } from 'vitest'
import { ModalsRoot } from '../../../parts/Confirm.tsx'
import { loadTexts } from '../../../text.ts'
import * as client from '../client.ts'
import { Unfinished } from './Unfinished.tsx'

vi.mock('../client.ts', { spy: true })

beforeAll(() => loadTexts('en'))
afterEach(() => {
  cleanup()
  vi.useRealTimers()
  vi.resetAllMocks()
})

const begun = (id: string, secondsAgo: number) => ({ id, file: id + '.csv', by: 'ann@shop.example', lines: 7, changedAt: new Date(Date.now() - secondsAgo * 1000).toISOString() }) as client.Import
const row = (id: string) => within(document.querySelector(`[data-import-open=${id}]`) as HTMLElement)
const show = (...list: client.Import[]) => render(<MantineProvider env="test"><QueryClientProvider client={new QueryClient()}><Unfinished list={list} goOn={() => {}} /><ModalsRoot /></QueryClientProvider></MantineProvider>)
const forget = (id: string) => fireEvent.click(row(id).getByRole('button', { name: /Forget it/ }))

it('asks before it forgets an import, and says whose it is', async () => {
  vi.mocked(client.dropImport).mockResolvedValue()
  show(begun('old', 61), begun('new', 30))
  forget('old')
  const dialog = await screen.findByRole('dialog')
  expect(client.dropImport).not.toHaveBeenCalled()
  expect(dialog.textContent).toContain('old.csv, begun by ann@shop.example: 7 lines')
  await act(async () => fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' })))
  expect(client.dropImport).not.toHaveBeenCalled()
  forget('new')
  expect((await screen.findByRole('dialog')).textContent).toContain('may still be running')
  await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Forget' })))
  expect(client.dropImport).toHaveBeenCalledExactlyOnceWith('new')
})

it('marks an import that changed less than a minute ago, as long as that is so', () => {
  vi.useFakeTimers()
  show(begun('old', 60), begun('new', 59))
  expect(row('old').queryByText('May still be running')).toBeNull()
  expect(row('new').queryByText('May still be running')).not.toBeNull()
  act(() => vi.advanceTimersByTime(5000))
  expect(row('new').queryByText('May still be running')).toBeNull()
})
