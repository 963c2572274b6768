import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, renderHook, screen } from '@testing-library/react'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { ApiError } from '../../../api/error.ts'
import { loadTexts } from '../../../text.ts'
import * as client from '../client.ts'
import * as importing from './importing.ts'
import { ImportDialog } from './ImportDialog.tsx'
import { useFile } from './useFile.ts'

vi.mock('../client.ts', { spy: true })
vi.mock('./importing.ts', { spy: true })

beforeAll(() => loadTexts('en'))
beforeEach(() => {
  vi.mocked(client.imports).mockResolvedValue({ imports: [] })
  vi.mocked(importing.markOf).mockResolvedValue('m')
  vi.mocked(importing.lookInto).mockResolvedValue({ separator: ',', rows: [['title'], ['x']] })
})
afterEach(() => {
  cleanup()
  vi.resetAllMocks()
})

const state = (lines: number): client.Import => ({ id: 'i', collection: 'things', format: 'csv', mode: 'create', file: 'a.csv', mark: 'm', by: 'ann', changedAt: '', complete: true, state: 'open', parts: 0, lines, created: lines, replaced: 0, failed: 0, badMore: false, errors: [] })
const button = (name: string) => screen.getByRole<HTMLButtonElement>('button', { name })

it('comes back to the mapping when the start fails, and not when something was sent', async () => {
  const collection = { name: 'things' } as client.Collection
  render(<MantineProvider env="test"><QueryClientProvider client={new QueryClient()}><ImportDialog collection={collection} fields={['name']} schema={undefined} close={() => {}} done={() => {}} /></QueryClientProvider></MantineProvider>)
  fireEvent.change(document.querySelector('input[type=file]') as HTMLInputElement, { target: { files: [new File(['title\nx\n'], 'a.csv')] } })
  fireEvent.change(await screen.findByLabelText('Field of title', { selector: 'input' }), { target: { value: 'mine' } })

  const away = new ApiError(503, { code: 'unavailable', message: 'no server' })
  vi.mocked(importing.importFile).mockRejectedValueOnce(away)
  await act(async () => fireEvent.click(button('Import')))
  expect(screen.getByRole('alert').textContent).toContain('no server')
  expect(screen.getByLabelText<HTMLInputElement>('Field of title', { selector: 'input' }).value).toBe('mine')

  vi.mocked(importing.importFile).mockImplementationOnce(async (_c, _f, _b, progress) => {
    progress(1, state(1))
    throw away
  })
  await act(async () => fireEvent.click(button('Import')))
  expect(vi.mocked(importing.importFile).mock.calls.map(([, , begin]) => begin.columns)).toEqual([['mine'], ['mine']])
  expect(screen.queryByLabelText('Field of title', { selector: 'input' })).toBeNull()

  vi.mocked(importing.goOn).mockRejectedValueOnce(away)
  await act(async () => fireEvent.click(button('Go on')))
  expect(button('Go on')).not.toBeNull()
  expect(screen.queryByRole('button', { name: 'Import' })).toBeNull() // it has begun: there is no other start
})

it('keeps the mark of the file that was chosen last', async () => {
  const marks: ((m: string) => void)[] = []
  vi.mocked(importing.markOf).mockImplementation(() => new Promise(done => marks.push(done)))
  const { result } = renderHook(() => useFile([]))
  act(() => result.current.choose(new File(['1'], 'one.jsonl')))
  act(() => result.current.choose(new File(['2'], 'two.jsonl')))
  await act(async () => marks[1]?.('second'))
  await act(async () => marks[0]?.('first'))
  expect(result.current.mark).toBe('second')
  act(() => result.current.choose(new File(['3'], 'three.jsonl')))
  act(() => result.current.choose(null))
  await act(async () => marks[2]?.('third'))
  expect(result.current.mark).toBe('')
})
