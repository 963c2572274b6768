import { MantineProvider } from '@mantine/core'
import { spotlight } from '@mantine/spotlight'
import { QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { readdirSync, readFileSync } from 'node:fs'
import { useState, type ReactNode } from 'react'
import { flushSync } from 'react-dom'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { ProofRoot } from '../src/account/ProofRoot.tsx'
import { post } from '../src/api/api.ts'
import { queries } from '../src/api/queries.ts'
import { Palette } from '../src/layout/Palette.tsx'
import { confirm, ModalsRoot } from '../src/parts/Confirm.tsx'
import { Drawer } from '../src/parts/Drawer.tsx'
import { Once } from '../src/parts/Once.tsx'
import { loadTexts } from '../src/text.ts'

const operator = { id: 'op_1', email: 'ann@ops.example', aal: 'aal2', factors: [], passkeys: [], session: 's', createdAt: '' }
const escape = () => act(async () => void fireEvent.keyDown(document.activeElement ?? document.body, { key: 'Escape' }))
const titles = () => screen.queryAllByRole('dialog', { hidden: true }).map(d => d.querySelector('h2')?.textContent ?? d.getAttribute('aria-label'))

function Side({ children }: { children: ReactNode }) {
  const [opened, setOpened] = useState(true)
  return <Drawer opened={opened} onClose={() => setOpened(false)} title="Ann">{children}</Drawer>
}

/** As a field of Mantine's while its list is open, which says so no more once it heard Escape. */
function Field() {
  const [listed, setListed] = useState(true)
  return <input aria-label="list" data-mantine-stop-propagation={listed || undefined} onKeyDown={() => flushSync(() => setListed(false))} />
}

const show = (inside: ReactNode, beside?: ReactNode) => render(
  <MantineProvider env="test"><QueryClientProvider client={queries}><Side>{inside}</Side><ModalsRoot /><ProofRoot />{beside}</QueryClientProvider></MantineProvider>,
)

beforeAll(async () => {
  await loadTexts('en')
  Element.prototype.scrollIntoView ??= () => {}
})
beforeEach(() => {
  queries.setQueryData(['session'], { operator, setup: false, mfa: 'required', dev: false })
  vi.stubGlobal('fetch', async (path: string) => path.endsWith('/erase')
    ? new Response('{"code":"reauthentication_needed","message":"confirm with your password first"}', { status: 400 })
    : new Response('{}'))
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

describe('Escape', () => {
  it('does not lose what is shown once, nor the drawer it stands in', async () => {
    show(<Once title="Token" about="Only now." secrets={[{ text: 'tok_1' }]} close={() => {}} />)
    expect(titles()).toEqual(['Ann', 'Token'])
    await escape()
    expect(titles()).toEqual(['Ann', 'Token'])
    expect(screen.getByText('tok_1')).toBeTruthy()
  })

  it('closes a proof, then the question that wanted it, then the drawer', async () => {
    show(null)
    act(() => confirm({ title: 'Erase?', about: 'For ever.', name: 'ann', action: 'Erase', run: () => post('/erase') }))
    fireEvent.change(await screen.findByRole('textbox'), { target: { value: 'ann' } })
    await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Erase' })))
    await screen.findByLabelText('Password')
    expect(titles()).toHaveLength(3)
    await escape()
    expect(titles()).toEqual(['Ann', 'Erase?'])
    expect(screen.getByRole<HTMLInputElement>('textbox').value).toBe('ann')
    await escape()
    expect(titles()).toEqual(['Ann'])
    await escape()
    expect(titles()).toEqual([])
  })

  it('closes the palette above a drawer, and leaves that', async () => {
    show(null, <Palette />)
    await act(async () => spotlight.open())
    expect(titles()).toHaveLength(2)
    await escape()
    expect(titles()).toEqual(['Ann'])
    await escape()
    expect(titles()).toEqual([])
  })

  it('is for the list of a field, and for what has dealt with it', async () => {
    show(<><Field /><input aria-label="editor" onKeyDown={e => e.preventDefault()} /></>)
    screen.getByLabelText('list').focus()
    await escape()
    expect(titles()).toEqual(['Ann'])
    screen.getByLabelText('editor').focus()
    await escape()
    expect(titles()).toEqual(['Ann'])
    screen.getByLabelText('list').focus()
    await escape()
    expect(titles()).toEqual([])
  })

  it('goes through the one list: no other modal or drawer is in use', () => {
    const src = 'src/'
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(f => f.endsWith('.tsx') && !/^parts\/(Modal|Drawer)\.tsx$/.test(f))
    const own = /import \{[^}]*\b(Modal|Drawer|Dialog)\b[^}]*\} from '@mantine\/core'/
    expect(files.filter(f => own.test(readFileSync(src + f, 'utf8')))).toEqual([])
  })
})
