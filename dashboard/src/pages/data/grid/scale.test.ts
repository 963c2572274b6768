// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { boxAt, scale, scrolled, showing } from './scale.ts'

describe('the body of rows', () => {
  const small = scale(50_000, 34, 500)
  const big = scale(1_000_000, 34, 500)

  it('is as high as it is, up to what browsers scroll', () => {
    expect(small.height).toBe(1_700_000)
    expect(big.height).toBe(12_000_000)
  })

  it('scrolls one to one while it fits', () => {
    expect(scrolled(small, 0, 0, 777)).toBe(777)
    expect(boxAt(small, 777)).toBe(777)
  })

  it('of a million rows is reached everywhere, and goes by pixels in small steps', () => {
    expect(scrolled(big, 0, 0, big.mostBox)).toBe(big.most)
    expect(scrolled(big, 123, 99, 0)).toBe(0)
    expect(scrolled(big, 5000, 2000, 2034)).toBe(5034)
    const far = scrolled(big, 0, 0, big.mostBox / 2)
    expect(Math.abs(far - big.most / 2)).toBeLessThan(1)
    expect(boxAt(big, far)).toBeCloseTo(big.mostBox / 2, 3)
  })

  it('shows a row by moving as little as needed', () => {
    expect(showing(small, 1000, 30, 34)).toBe(1000)
    expect(showing(small, 1000, 0, 34)).toBe(0)
    expect(showing(small, 0, 49_999, 34)).toBe(small.most)
    expect(showing(big, 0, 999_999, 34)).toBe(big.most)
    expect(showing(small, 0, 20, 34)).toBe(21 * 34 - 500)
  })

  it('of no rows does not scroll', () => {
    const none = scale(0, 34, 500)
    expect([none.most, none.mostBox, scrolled(none, 0, 0, 0)]).toEqual([0, 0, 0])
  })
})
