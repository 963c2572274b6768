import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeAll, expect, it, vi } from 'vitest'
import { App } from '../src/App.tsx'
import { currentLanguage, loadTexts, setLanguage } from '../src/text.ts'

const operator = { id: 'op', email: 'ann@shop.example', aal: 'aal1', factors: [], passkeys: [], session: 's', createdAt: '2026-01-01T00:00:00Z' }
const answers: Record<string, unknown> = {
  '/admin/v1/session': { operator, setup: false, mfa: 'off', dev: false, app: 'pets' },
  '/admin/v1/account/sessions': { sessions: [] },
}

beforeAll(() => loadTexts('en'))
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

it('changes the texts of what is on screen, and keeps what was typed', async () => {
  vi.stubGlobal('fetch', async (url: string) => new Response(JSON.stringify(answers[url.split('?')[0] ?? ''] ?? {})))
  history.replaceState(null, '', '/_/account')
  render(<App />)
  const field = await screen.findByLabelText<HTMLInputElement>('Current password')
  fireEvent.change(field, { target: { value: 'half a sentence' } })
  await act(() => setLanguage('ko'))
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('계정')
  expect(screen.getByLabelText<HTMLInputElement>('현재 비밀번호')).toBe(field)
  expect(field.value).toBe('half a sentence')
  expect(document.documentElement.lang).toBe('ko')
  await act(() => setLanguage('en'))
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Account')
}, 20_000)

it('ends in the language that was asked for last', async () => {
  await Promise.all([setLanguage('ko'), setLanguage('en'), loadTexts()])
  expect(currentLanguage()).toBe('en')
  expect(localStorage.getItem('hutch.language')).toBe('en')
})
