import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { Router } from 'wouter'
import { queries } from '../src/api/queries.ts'
import type { User } from '../src/pages/users/api.ts'
import { UserDrawer } from '../src/pages/users/UserDrawer.tsx'
import { ModalsRoot } from '../src/parts/Confirm.tsx'
import { aroundNavigation, useGuardedLocation, watchNavigation } from '../src/parts/unsaved.ts'
import { loadTexts } from '../src/text.ts'

vi.mock('../src/parts/Code.tsx', () => ({
  CodeEdit: (p: { label: string; value: string; onChange: (v: string) => void }) => <textarea aria-label={p.label} value={p.value} onChange={e => p.onChange(e.currentTarget.value)} />,
}))

let server: User
let saving: Promise<void> // the server is not faster
let sent: unknown[]
const close = vi.fn()

beforeAll(() => loadTexts('en'))
beforeEach(async () => {
  server = { id: 'u', email: 'a@b.example', app_metadata: { plan: 'free' }, user_metadata: {}, identities: [], factors: [], is_anonymous: false, created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' }
  saving = Promise.resolve()
  sent = []
  close.mockClear()
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    if (init.method === 'PUT') {
      const body = JSON.parse(init.body as string) as { app_metadata: object }
      sent.push(body)
      await saving
      server = { ...server, app_metadata: { ...server.app_metadata, ...body.app_metadata }, updated_at: '2026-01-01T00:00:0' + sent.length + 'Z' }
    }
    return new Response(JSON.stringify(server))
  })
  history.replaceState(null, '', '/_/users?user=u&tab=data')
  watchNavigation()
  render(
    <MantineProvider env="test"><QueryClientProvider client={queries}>
      <Router base="/_" hook={useGuardedLocation} aroundNav={aroundNavigation}><UserDrawer id="u" close={close} /><ModalsRoot /></Router>
    </QueryClientProvider></MantineProvider>,
  )
  await screen.findByLabelText('App metadata')
})
afterEach(() => {
  cleanup()
  queries.clear()
  vi.unstubAllGlobals()
})

const field = () => screen.getByLabelText<HTMLTextAreaElement>('App metadata')
const type = (value: string) => fireEvent.change(field(), { target: { value } })
const refetch = () => act(async () => {
  await queries.refetchQueries({ queryKey: ['users'] })
  await new Promise(done => setTimeout(done, 10)) // told in a task of its own
})
const save = () => screen.getByRole<HTMLButtonElement>('button', { name: 'Save' })

it('shows what somebody else wrote, unless something is being written here', async () => {
  server = { ...server, app_metadata: { plan: 'gold' }, updated_at: '2026-01-02T00:00:00Z' }
  await refetch()
  expect(field().value).toContain('gold')
  type('{"plan":"mine"')
  server = { ...server, app_metadata: { plan: 'tin' }, updated_at: '2026-01-03T00:00:00Z' }
  await refetch()
  expect(field().value).toBe('{"plan":"mine"')
})

it('keeps what is typed while a save is under way', async () => {
  let end = () => {}
  saving = new Promise(done => { end = done })
  type('{"plan":"gold"}')
  fireEvent.click(save())
  type('{"plan":"gold","seats":3}')
  await act(async () => end())
  await refetch()
  expect(field().value).toBe('{"plan":"gold","seats":3}')
  await act(async () => fireEvent.click(save()))
  expect(sent).toEqual([{ app_metadata: { plan: 'gold' } }, { app_metadata: { seats: 3 } }])
  await refetch()
  expect(JSON.parse(field().value)).toEqual({ plan: 'gold', seats: 3 })
  expect(save().disabled).toBe(true)
})

it('asks before another tab loses it', async () => {
  type('{"plan":"gold"}')
  await act(async () => fireEvent.click(screen.getByRole('tab', { name: 'Profile' })))
  await screen.findByText('Discard what you wrote?')
  expect(field().value).toBe('{"plan":"gold"}')
  await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Cancel' })))
  type('{"plan":"free"}')
  await act(async () => fireEvent.click(screen.getByRole('tab', { name: 'Profile' })))
  expect(screen.queryByLabelText('App metadata')).toBeNull()
})
