import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { ProofRoot } from '../src/account/ProofRoot.tsx'
import { post } from '../src/api/api.ts'
import { queries } from '../src/api/queries.ts'
import { linkRows } from '../src/pages/users/Links.tsx'
import type { User } from '../src/pages/users/api.ts'
import { loadTexts } from '../src/text.ts'

const state = { operator: { id: 'op_1', email: 'ann@ops.example', aal: 'aal2', factors: [], passkeys: [], session: 's', createdAt: '' }, setup: false, mfa: 'required', dev: false }
const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })

describe('a recent proof', () => {
  let asked: [string, unknown][]
  let stale: boolean
  beforeAll(() => loadTexts('en'))
  beforeEach(() => {
    asked = []
    stale = true
    queries.setQueryData(['session'], state)
    vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
      const body = JSON.parse(init.body as string) as { password?: string }
      asked.push([path, body])
      if (path.endsWith('/confirm')) {
        if (body.password !== 'right') return json(400, { code: 'invalid_credentials', message: 'wrong password' })
        stale = false
        return json(200, state)
      }
      return stale ? json(400, { code: 'reauthentication_needed', message: 'confirm with your password first' }) : json(200, { key: 'k' })
    })
    render(<MantineProvider env="test"><QueryClientProvider client={queries}><ProofRoot /></QueryClientProvider></MantineProvider>)
  })
  afterEach(() => {
    cleanup()
    vi.unstubAllGlobals()
  })
  const type = async (password: string) => {
    fireEvent.change(await screen.findByLabelText('Password'), { target: { value: password } })
    await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Confirm' })))
  }

  it('is asked for in its place, and what wanted it goes again', async () => {
    const made = post('/admin/v1/keys', { name: 'a' })
    const other = post('/admin/v1/operators', { email: 'b' })
    await type('wrong')
    expect(screen.getByRole('alert').textContent).toContain('wrong password')
    expect(asked.filter(([path]) => path === '/admin/v1/keys')).toHaveLength(1)
    await type('right')
    expect(await made).toEqual({ key: 'k' })
    expect(await other).toEqual({ key: 'k' })
    expect(asked.map(([path, body]) => [path, body])).toEqual([
      ['/admin/v1/keys', { name: 'a' }], ['/admin/v1/operators', { email: 'b' }],
      ['/admin/v1/session/confirm', { password: 'wrong' }], ['/admin/v1/session/confirm', { password: 'right' }],
      ['/admin/v1/keys', { name: 'a' }], ['/admin/v1/operators', { email: 'b' }],
    ])
    expect(screen.queryByRole('dialog')).toBeNull()
  })

  it('is not given: the act fails, and the next one asks again', async () => {
    for (let n = 1; n <= 2; n++) {
      const made = post('/admin/v1/keys', { name: 'a' })
      made.catch(() => {})
      await screen.findByLabelText('Password')
      await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Cancel' })))
      await expect(made).rejects.toMatchObject({ code: 'reauthentication_needed' })
      expect(asked).toHaveLength(n)
    }
  })

  it.each([['nobody', null], ['somebody else', { ...state.operator, id: 'op_2' }]])('is gone when %s is signed in any more, and the act fails', async (_, operator) => {
    const made = post('/admin/v1/keys', { name: 'a' })
    made.catch(() => {})
    await screen.findByLabelText('Password')
    await act(async () => queries.setQueryData(['session'], { ...state, operator }))
    await expect(made).rejects.toMatchObject({ code: 'reauthentication_needed' })
    expect(screen.queryByRole('dialog')).toBeNull()
    expect(asked).toHaveLength(1)
  })

  it('is not asked of nobody', async () => {
    queries.setQueryData(['session'], { ...state, operator: null })
    await expect(post('/admin/v1/keys', { name: 'a' })).rejects.toMatchObject({ code: 'reauthentication_needed' })
    expect(screen.queryByRole('dialog')).toBeNull()
  })
})

describe('links of users', () => {
  const user = (confirmed: boolean): User => ({
    id: 'u', email: 'a@b.example', ...(confirmed && { email_confirmed_at: '2026-01-01T00:00:00Z' }), app_metadata: {}, user_metadata: {}, identities: [], factors: [], is_anonymous: false, created_at: '', updated_at: '',
  })
  const of = (u: User) => linkRows.filter(r => r.for(u)).map(r => r.kind)
  it('are those that the server makes for them', () => {
    expect(of(user(true))).toEqual(['recovery', 'magiclink', 'email_change_new', 'email_change_current'])
    expect(of(user(false))).toEqual(['recovery', 'magiclink', 'invite', 'signup', 'email_change_new'])
  })
})
