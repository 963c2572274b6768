import { act, renderHook, waitFor } from '@testing-library/react'
import { afterEach, expect, it, vi } from 'vitest'
import { useTail } from '../src/pages/logs/useTail.ts'

interface Run { id: string }
const id = (r: Run) => r.id
let answers: ((page: object) => void)[] = []
let asked: string[] = []
const answer = (page: object) => act(async () => answers.shift()?.(page))

afterEach(() => vi.unstubAllGlobals())

it('says when it begins, so that nothing is missed between a list and what follows it, and goes on after a pause', async () => {
  answers = []
  asked = []
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => new Promise<Response>((done, fail) => {
    asked.push(path)
    answers.push(page => done(new Response(JSON.stringify(page))))
    init.signal?.addEventListener('abort', () => fail(new DOMException('gone', 'AbortError')))
  }))
  const begun = vi.fn()
  const { result, rerender } = renderHook(({ on, q }) => useTail<Run>('runs', { q }, on, id, begun), { initialProps: { on: false, q: 'a' } })
  expect(asked).toEqual([])
  rerender({ on: true, q: 'a' })
  expect(begun).not.toHaveBeenCalled()
  await answer({ next: 'c1' })
  expect(begun).toHaveBeenCalledOnce()
  await answer({ runs: [{ id: '1' }, { id: '2' }], next: 'c2' })
  expect(result.current.items.map(id)).toEqual(['2', '1'])
  rerender({ on: false, q: 'a' })
  rerender({ on: true, q: 'a' })
  expect(asked.at(-1)).toContain('after=c2')
  expect(begun).toHaveBeenCalledOnce()
  rerender({ on: true, q: 'b' })
  expect(asked.at(-1)).not.toContain('after')
  expect(result.current.items).toEqual([])
  answers = answers.slice(-1)
  await answer({ next: 'd1' })
  expect(begun).toHaveBeenCalledTimes(2)
})

it('begins with nothing when the place to go on from is too old: the list has the rest', async () => {
  const replies = [new Response(JSON.stringify({ next: 'c1' })), new Response(JSON.stringify({ runs: [{ id: '1' }], next: 'c2' })), new Response(JSON.stringify({ code: 'invalid_argument', message: 'too old' }), { status: 400 }), new Response(JSON.stringify({ next: 'd1' }))]
  vi.stubGlobal('fetch', async () => replies.shift() ?? new Promise(() => {}))
  const begun = vi.fn()
  const { result } = renderHook(() => useTail<Run>('runs', {}, true, id, begun))
  await waitFor(() => expect(result.current.items.map(id)).toEqual(['1']))
  await waitFor(() => expect(begun).toHaveBeenCalledTimes(2))
  expect(result.current.items).toEqual([])
})
