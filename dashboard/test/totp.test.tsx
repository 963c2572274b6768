import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { TotpSection } from '../src/account/TotpSection.tsx'
import { queries } from '../src/api/queries.ts'
import { loadTexts } from '../src/text.ts'

const operator = { id: 'op_1', email: 'ann@ops.example', aal: 'aal2', factors: [] as string[], passkeys: [], session: 's', createdAt: '' }
const state = { operator, setup: false, mfa: 'optional', dev: false }
let sent: string[]
let answer: (body: object, status?: number) => Promise<void>

beforeAll(() => loadTexts('en'))
beforeEach(() => {
  sent = []
  queries.setQueryData(['session'], state)
  vi.stubGlobal('fetch', (path: string) => new Promise<Response>(done => {
    sent.push(path)
    answer = (body, status = 200) => act(async () => done(new Response(JSON.stringify(body), { status })))
  }))
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

const leave = async () => {
  await act(async () => void fireEvent.keyDown(document.body, { key: 'Escape' }))
  await act(async () => void fireEvent.click(screen.getByRole('button', { name: 'Close' })))
  await act(async () => void fireEvent.click(screen.getByRole('button', { name: 'Cancel' })))
}
const code = () => screen.getByLabelText<HTMLInputElement>('Code of your authenticator app')

it('stays while a step runs, sends a code once, and says what came of it', async () => {
  render(<MantineProvider env="test"><QueryClientProvider client={queries}><TotpSection /></QueryClientProvider></MantineProvider>)
  fireEvent.click(screen.getByRole('button', { name: 'Set up' }))
  await screen.findByRole('button', { name: 'Cancel' })
  await leave()
  await answer({ secret: 'ABCDEFGH', uri: 'otpauth://totp/x?secret=ABCDEFGH' })
  await act(async () => {
    fireEvent.change(code(), { target: { value: '123456' } })
    fireEvent.submit(code())
  })
  await leave()
  expect(sent).toEqual(['/admin/v1/account/totp', '/admin/v1/session/totp'])
  expect(code().value).toBe('123456')
  await answer({ code: 'invalid_argument', message: 'not this one' }, 400)
  expect(screen.getByRole('alert').textContent).toContain('not this one')
  expect(code().value).toBe('')
  await act(async () => void fireEvent.change(code(), { target: { value: '654321' } }))
  await answer({ ...state, operator: { ...operator, factors: ['totp'] } })
  expect(screen.queryByRole('dialog')).toBeNull()
  expect(screen.getByText('On')).not.toBeNull()
  expect(sent).toHaveLength(3)
})

it('is left where nothing runs', async () => {
  render(<MantineProvider env="test"><QueryClientProvider client={queries}><TotpSection /></QueryClientProvider></MantineProvider>)
  fireEvent.click(screen.getByRole('button', { name: 'Set up' }))
  await screen.findByRole('button', { name: 'Cancel' })
  await answer({ secret: 'ABCDEFGH', uri: 'otpauth://totp/x?secret=ABCDEFGH' })
  await act(async () => void fireEvent.click(screen.getByRole('button', { name: 'Cancel' })))
  expect(screen.queryByRole('dialog')).toBeNull()
})
