import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { pacer } from './pacer.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Work that takes a while; seen is what was told when it began. */
function desk(takes: number) {
  let told = 0
  let at = 0
  let most = 0
  const seen: number[] = []
  const p = pacer(async () => {
    seen.push(told)
    most = Math.max(most, ++at)
    await new Promise(done => setTimeout(done, takes))
    at--
  }, 250)
  return { tell: () => { told++; p.tell() }, stop: p.stop, seen, most: () => most }
}

it('works on under steady words, one at a time, and once more after the last', async () => {
  const d = desk(400)
  for (let i = 0; i < 100; i++) {
    d.tell()
    await vi.advanceTimersByTimeAsync(50)
  }
  expect(d.seen.length).toBeGreaterThanOrEqual(7) // 5 s in steps of 650 ms
  await vi.advanceTimersByTimeAsync(2000)
  expect(d.seen.at(-1)).toBe(100)
  expect(d.most()).toBe(1)
  const n = d.seen.length
  await vi.advanceTimersByTimeAsync(5000)
  expect(d.seen.length).toBe(n)
})

it('takes words that come together as one', async () => {
  const d = desk(10)
  d.tell()
  d.tell()
  await vi.advanceTimersByTimeAsync(1000)
  expect(d.seen).toEqual([2])
})

it('goes on after work that failed, and ends when it is stopped', async () => {
  const work = vi.fn().mockRejectedValueOnce(new Error('no')).mockResolvedValue(null)
  const p = pacer(work, 250)
  p.tell()
  await vi.advanceTimersByTimeAsync(300)
  p.tell()
  await vi.advanceTimersByTimeAsync(300)
  expect(work).toHaveBeenCalledTimes(2)
  p.tell()
  p.stop()
  p.tell()
  await vi.advanceTimersByTimeAsync(1000)
  expect(work).toHaveBeenCalledTimes(2)
})
