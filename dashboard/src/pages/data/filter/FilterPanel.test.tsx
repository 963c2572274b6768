import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeAll, expect, it, vi } from 'vitest'
import { loadTexts } from '../../../text.ts'
import { FilterPanel } from './FilterPanel.tsx'

beforeAll(() => loadTexts('en'))
afterEach(cleanup)

it('stays open when Escape closes a list of fields', () => {
  const close = vi.fn()
  render(<MantineProvider env="test"><FilterPanel whereText="" where={new Map()} fields={['name', 'stock']} schema={undefined} docs={[]} focus={false} apply={() => {}} close={close} /></MantineProvider>)
  const field = screen.getByPlaceholderText<HTMLInputElement>('Field')
  fireEvent.focus(field)
  fireEvent.change(field, { target: { value: 'na' } })
  expect(field.getAttribute('aria-expanded')).toBe('true')
  fireEvent.keyDown(field, { key: 'Escape' })
  expect(field.getAttribute('aria-expanded')).not.toBe('true')
  expect(close).not.toHaveBeenCalled()
  expect(field.value).toBe('na')
  fireEvent.keyDown(field, { key: 'Escape' })
  expect(close).toHaveBeenCalledOnce()
})

it.each([true, false])('has the focus when it is opened by hand: %s', focus => {
  render(<MantineProvider env="test"><FilterPanel whereText="" where={new Map()} fields={['name']} schema={undefined} docs={[]} focus={focus} apply={() => {}} close={() => {}} /></MantineProvider>)
  expect(document.activeElement === screen.getByPlaceholderText('Field')).toBe(focus)
})
