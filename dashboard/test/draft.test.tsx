import { act, cleanup, render, screen } from '@testing-library/react'
import { afterEach, expect, it } from 'vitest'
import { forgetDrafts, useDraft } from '../src/parts/useDraft.ts'

afterEach(() => {
  cleanup()
  forgetDrafts()
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

it('is forgotten for another operator', () => {
  render(<Form of="a" />)
  click()
  cleanup()
  forgetDrafts()
  render(<Form of="a" />)
  expect(shown()).toBe('blank')
})
