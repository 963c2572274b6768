import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { act, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { beforeAll, expect, it, vi } from 'vitest'
import { spotlight } from '@mantine/spotlight'
import { queries } from '../src/api/queries.ts'
import { Palette } from '../src/layout/Palette.tsx'
import { loadTexts } from '../src/text.ts'

const turned = '\u202egnp.pets'
const address = '\u05d0@pets.example'

beforeAll(async () => {
  await loadTexts('en')
  Element.prototype.scrollIntoView ??= () => {}
  vi.stubGlobal('fetch', async (path: string) => new Response(JSON.stringify(
    path.includes('/users') ? { users: [{ id: 'u1', email: address }] } : path.includes('/functions') ? { functions: [{ name: turned, trigger: { kind: 'call' } }] } : { collections: [{ name: turned }] },
  )))
})

const rows = () => [...document.querySelectorAll<HTMLElement>('.mantine-Spotlight-action')]
const type = (text: string) => act(async () => fireEvent.change(screen.getByRole('textbox'), { target: { value: text } }))

it('keeps the direction of names inside of them, in every row that has one', async () => {
  render(<MantineProvider env="test"><QueryClientProvider client={queries}><Palette /></QueryClientProvider></MantineProvider>)
  await act(async () => spotlight.open())
  await type('pets')
  await waitFor(() => expect(rows().map(r => r.textContent)).toEqual(expect.arrayContaining([
    turned + 'Collection', `New document in ${turned}`, `Import into ${turned}`, turned + 'Function', `Call ${turned}`, 'Find users: pets', address + 'User',
  ])))
  const loose = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, n => /[\u202e\u05d0]/.test(n.textContent ?? '') && !n.parentElement?.closest('bdi') ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP)
  expect(loose.nextNode()).toBeNull()
  expect(rows().flatMap(r => [...r.querySelectorAll('bdi')]).length).toBeGreaterThanOrEqual(7)
  expect([...document.querySelectorAll('.mantine-Spotlight-action mark')].map(m => m.textContent)).toContain('pets')

  await type('into \u202egnp') // a whole row is found, across its parts
  expect(rows().map(r => r.textContent)).toContain(`Import into ${turned}`)
  vi.unstubAllGlobals()
})
