import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeAll, expect, it, vi } from 'vitest'
import { loadTexts } from '../../../text.ts'
import * as client from '../client.ts'
import type { Doc } from '../model/values.ts'
import { parseDoc, write } from '../model/wire.ts'
import { DocumentDrawer } from './DocumentDrawer.tsx'

vi.mock('../client.ts', { spy: true })
vi.mock('../../../parts/Code.tsx', () => ({ // CodeMirror wants a layout
  CodeEdit: ({ value, onChange }: { value: string; onChange: (v: string) => void }) => <textarea data-testid="json" value={value} onChange={e => onChange(e.currentTarget.value)} />,
}))

beforeAll(() => loadTexts('en'))
afterEach(() => {
  cleanup()
  vi.resetAllMocks()
})

const stored = (version: number, own: string): Doc => parseDoc(`{"_id": "a", "_version": ${version}, ${own}}`)
const json = () => screen.getByTestId<HTMLTextAreaElement>('json')
const type = (text: string) => fireEvent.change(json(), { target: { value: text } })
const button = (name: string) => screen.getByRole<HTMLButtonElement>('button', { name })
/** Answers when it is told to. */
function later(call: { mockImplementationOnce: (f: () => Promise<Doc>) => unknown }) {
  let resolve: (d: Doc) => void
  call.mockImplementationOnce(() => new Promise<Doc>(done => { resolve = done }))
  return (d: Doc) => act(async () => resolve(d))
}
async function open(id: string) {
  const props = { collection: 'things', as: '', schema: undefined, current: undefined, open() {}, close() {}, saved() {}, remove: vi.fn() }
  await act(async () => render(<MantineProvider env="test"><QueryClientProvider client={new QueryClient()}><DocumentDrawer {...props} id={id} /></QueryClientProvider></MantineProvider>))
  await screen.findByTestId('json')
  return props
}

it('keeps what is typed while a save is under way, and saves that alone next', async () => {
  vi.mocked(client.getDoc).mockResolvedValue(stored(1, '"name": "old", "stock": "1"'))
  const { remove } = await open('a')
  type('{"name": "sent", "stock": "1"}')
  const answer = later(vi.mocked(client.patchDoc))
  fireEvent.click(button('Save'))
  type('{"name": "sent, and more", "stock": "1"}')
  const now = stored(3, '"name": "sent", "stock": "7"') // somebody else changed the stock
  await answer(now)
  expect(json().value).toBe('{"name": "sent, and more", "stock": "1"}')
  expect(button('Save').disabled).toBe(false)

  fireEvent.click(screen.getByRole('button', { name: 'More with this document' }))
  fireEvent.click(await screen.findByRole('menuitem', { name: 'Delete' }))
  expect(remove).toHaveBeenCalledWith(now)

  const again = later(vi.mocked(client.patchDoc))
  fireEvent.click(button('Save'))
  const [, , patch, known] = vi.mocked(client.patchDoc).mock.lastCall as Parameters<typeof client.patchDoc>
  expect(write(patch)).toBe('{"$set":{"name":"sent, and more"}}')
  expect(write(known.get('_version') ?? null)).toBe('3')
  await again(stored(4, '"name": "sent, and more", "stock": "7"'))
  expect(JSON.parse(json().value)).toEqual({ name: 'sent, and more', stock: '7' })
  expect(button('Save').disabled).toBe(true)
})

it('shows what is stored when nothing was typed meanwhile', async () => {
  vi.mocked(client.getDoc).mockResolvedValue(stored(1, '"name": "old"'))
  await open('a')
  type('{"name": "sent"}')
  const answer = later(vi.mocked(client.patchDoc))
  fireEvent.click(button('Save'))
  await answer(stored(2, '"name": "sent", "stock": "7"'))
  expect(JSON.parse(json().value)).toEqual({ name: 'sent', stock: '7' })
})

it('takes no text while a document is being created', async () => {
  await open('+')
  type('{"name": "new"}')
  const answer = later(vi.mocked(client.createDoc))
  expect(json().closest('[inert]')).toBeNull()
  fireEvent.click(button('Create'))
  expect(json().closest('[inert]')).not.toBeNull()
  await answer(stored(1, '"name": "new"'))
})
