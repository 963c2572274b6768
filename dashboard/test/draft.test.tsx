import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, render, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, it, vi } from 'vitest'
import { Gate } from '../src/account/Gate.tsx'
import { enter, type SessionState } from '../src/account/session.ts'
import { queries } from '../src/api/queries.ts'
import { forgetDrafts, useDraft } from '../src/parts/useDraft.ts'

afterEach(() => {
  cleanup()
  forgetDrafts()
  queries.clear()
  vi.unstubAllGlobals()
})

const session = (id: string): SessionState => ({
  operator: { id, email: id + '@ops.example', aal: 'aal1', factors: [], passkeys: [], session: 's_' + id, createdAt: '' }, setup: false, mfa: 'off', dev: false,
})

function Form({ of, initial = 'blank' }: { of: string; initial?: string }) {
  const [text, setText] = useDraft(of, initial)
  return <button onClick={() => setText(text === 'typed' ? 'blank' : 'typed')}>{text}</button>
}
const shown = () => screen.getByRole('button').textContent
const click = () => act(() => screen.getByRole('button').click())

it('keeps what was typed when its form goes and comes, each form its own', () => {
  render(<Form of="a" />)
  click()
  cleanup()
  const { rerender } = render(<Form of="a" />)
  expect(shown()).toBe('typed')
  rerender(<Form of="b" />)
  expect(shown()).toBe('blank')
})

it('is no draft any more once it is as it was', () => {
  render(<Form of="a" />)
  click()
  click()
  cleanup()
  render(<Form of="a" initial="new" />)
  expect(shown()).toBe('new')
})

/** Whether what the first operator typed and loaded is still there. */
const kept = () => {
  cleanup()
  render(<Form of="a" />)
  return [shown() === 'typed', queries.getQueryData(['users', 'list']) !== undefined]
}
const left = () => {
  render(<Form of="a" />)
  click()
  cleanup()
  queries.setQueryData(['users', 'list'], ['ann'])
}

it('is forgotten for another operator who signs in', () => {
  enter(session('op_1'))
  left()
  enter(session('op_1'))
  expect(kept()).toEqual([true, true])
  enter(session('op_2'))
  expect(kept()).toEqual([false, false])
})

it('is forgotten when another operator signed in elsewhere, whose page begins anew', async () => {
  let who = 'op_1'
  vi.stubGlobal('fetch', async (path: string) => new Response(JSON.stringify(path.startsWith('/admin/v1/session') ? session(who) : {})))
  history.replaceState(null, '', '/_/nowhere')
  enter(session(who))
  left()
  render(<MantineProvider env="test"><QueryClientProvider client={queries}><Gate /></QueryClientProvider></MantineProvider>)
  const skip = document.querySelector('.skip')
  expect(skip).not.toBeNull()
  await act(() => queries.refetchQueries({ queryKey: ['session'] }))
  expect(document.querySelector('.skip')).toBe(skip)
  who = 'op_2'
  await act(() => queries.refetchQueries({ queryKey: ['session'] }))
  await waitFor(() => expect(document.querySelector('.skip')).not.toBe(skip))
  expect(kept()).toEqual([false, false])
})
