import { describe, expect, it } from 'vitest'
import type { Part } from './client.ts'
import { helpersOf, marksOf, offset, pieces } from './marks.ts'

const text = 'resource.open || mine()'
const part = (p: Partial<Part>): Part => ({ in: '', from: 0, to: 0, text: '', calls: [], up: -1, kind: 'test', truth: 'true', deciding: false, values: [], ...p })
const call = { in: '', from: 17, to: 23, text: 'mine()' }
const parts = [
  part({ kind: 'or', from: 0, to: 23, deciding: true }),
  part({ up: 0, from: 0, to: 13, truth: 'false' }),
  part({ up: 0, in: 'mine', kind: 'and', from: 0, to: 30, calls: [call], deciding: true }),
  part({ up: 2, in: 'mine', from: 0, to: 12, calls: [call], deciding: true }),
  part({ up: 2, in: 'mine', from: 16, to: 30, calls: [call], truth: 'error' }),
]

describe('marks', () => {
  it('marks tests and calls of helpers', () => {
    expect(marksOf(parts, '')).toEqual([
      { from: 0, to: 13, truth: 'false', deciding: false }, { from: 17, to: 23, truth: 'true', deciding: true },
    ])
    expect(marksOf(parts, 'mine').map(m => m.truth)).toEqual(['true', 'error'])
    expect(helpersOf(parts)).toEqual(['mine'])
  })
  it('cuts the text, and nothing of it is lost', () => {
    const cut = pieces(text, marksOf(parts, ''))
    expect(cut.map(p => p.text).join('')).toBe(text)
    expect(cut.filter(p => p.mark).map(p => p.text)).toEqual(['resource.open', 'mine()'])
  })
  it('counts lines and columns from 1', () => {
    expect(offset('a\nbcd', 2, 3)).toBe(4)
    expect(offset('a', 9, 9)).toBe(1)
  })
})
