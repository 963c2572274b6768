import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { Router } from 'wouter'
import { navigate } from 'wouter/use-browser-location'
import { queries } from '../src/api/queries.ts'
import { Console } from '../src/pages/live/Console.tsx'
import { consoleLink, groupLink } from '../src/pages/live/link.ts'
import { loadTexts } from '../src/text.ts'

vi.mock('../src/parts/Code.tsx', () => ({
  CodeEdit: (p: { label: string; value: string; onChange: (v: string) => void }) => <textarea aria-label={p.label} value={p.value} onChange={e => p.onChange(e.currentTarget.value)} />,
}))

class Socket {
  static last: Socket
  sent: { t: string; as?: unknown }[] = []
  onopen = () => {}
  closed = false
  constructor() { Socket.last = this }
  send(text: string) { this.sent.push(JSON.parse(text)) }
  close() { this.closed = true }
}

const ofA = { from: 'a', limit: 1 }
const ofB = { from: 'b', limit: 2 }
const console = (query: object) => '/_/live?tab=console&query=' + encodeURIComponent(JSON.stringify(query))
const asked = () => JSON.parse(screen.getByLabelText<HTMLTextAreaElement>('Query').value) as unknown
const who = () => screen.getByRole<HTMLInputElement>('combobox', { name: 'As' }).value
const following = () => screen.getByText(/^As.*:/).textContent

beforeAll(() => loadTexts('en'))
beforeEach(async () => {
  vi.stubGlobal('WebSocket', Socket)
  vi.stubGlobal('fetch', async (url: string) => new Response(JSON.stringify(/users\/u1/.test(url) ? { id: 'u1', email: 'cat@shop.example' } : { users: [], collections: [] })))
  history.replaceState(null, '', console(ofA) + '&as=u1')
  render(<MantineProvider env="test"><QueryClientProvider client={queries}><Router base="/_"><Console /></Router></QueryClientProvider></MantineProvider>)
  await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Subscribe' })))
  await act(async () => Socket.last.onopen())
  await waitFor(() => expect(following()).toBe('As cat@shop.example: ' + JSON.stringify(ofA)))
})
afterEach(() => {
  cleanup()
  queries.clear()
  vi.unstubAllGlobals()
})

it('knows as whom it listens, and to what, when the address does not', async () => {
  expect(Socket.last.sent[0]?.as).toBe('u1')
  await act(async () => navigate('/_/live'))
  expect(asked()).toEqual(ofA)
  expect(who()).toBe('cat@shop.example')
  await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Subscribe anew' })))
  await act(async () => Socket.last.onopen())
  expect(Socket.last.sent[0]?.as).toBe('u1')
})

it('shows the query of a link, and above the frames the one they are of', async () => {
  fireEvent.change(screen.getByLabelText('Query'), { target: { value: '{"from":"typed"}' } })
  await act(async () => navigate(console(ofB)))
  expect(asked()).toEqual(ofB)
  expect(following()).toBe('As cat@shop.example: ' + JSON.stringify(ofA))
  expect(Socket.last.closed).toBe(false)
})

it('becomes a guest when that is chosen', async () => {
  await act(async () => navigate(console(ofA) + '&as=guest'))
  expect(who()).toBe('Guest (not signed in)')
  await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Subscribe anew' })))
  await act(async () => Socket.last.onopen())
  expect(Socket.last.sent[0]?.as).toBeNull()
  expect(following()).toBe('As Guest (not signed in): ' + JSON.stringify(ofA))
})

it('is left and opened by links that keep what it holds', () => {
  const here = '?tab=groups&as=u1&query=old&connection=c1&collection=a'
  expect(groupLink(here, 'q 1')).toBe('/live?as=u1&query=old&collection=a&group=q+1')
  expect(consoleLink(here, ofB)).toBe('/live?' + new URLSearchParams({ tab: 'console', as: 'u1', query: JSON.stringify(ofB), collection: 'a' }).toString())
})
