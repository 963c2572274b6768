// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { allFields, columnsText, defaultColumns, fit, move, parseColumns, toggle } from './columns.ts'
import { clicked, parseSort, sortText } from './sort.ts'
import { parseDoc } from './wire.ts'

describe('columns', () => {
  const docs = ['{"_id":"a","name":"x","odd":1}', '{"_id":"b","name":"y","often":1}', '{"_id":"c","often":2}'].map(parseDoc)

  it('are the schema\'s, then what was seen', () => {
    expect(allFields(['price', 'name'], docs)).toEqual(['_id', 'price', 'name', 'often', 'odd', '_createdAt', '_updatedAt', '_version'])
  })

  it('are twelve at first, between _id and the time of change', () => {
    const many = Array.from({ length: 20 }, (_, i) => 'f' + i)
    const cols = defaultColumns(allFields(many, []))
    expect(cols.length).toBe(14)
    expect([cols[0]?.path, cols.at(-1)?.path]).toEqual(['_id', '_updatedAt'])
  })

  it('survive the URL, whatever their names', () => {
    const cols = [{ path: '_id' }, { path: 'a,b:c', width: 120 }, { path: '이름' }]
    expect(parseColumns(columnsText(cols))).toEqual(cols)
    expect(parseColumns('x:1,%E0%A4,x')).toEqual([{ path: '_id' }, { path: 'x', width: 64 }])
  })

  it('move, but not past _id; hide, but not _id', () => {
    const cols = ['_id', 'a', 'b'].map(path => ({ path }))
    expect(move(cols, 2, 0).map(c => c.path)).toEqual(['_id', 'b', 'a'])
    expect(move(cols, 0, 2)).toEqual(cols)
    expect(toggle(cols, 'a').map(c => c.path)).toEqual(['_id', 'b'])
    expect(toggle(cols, 'c').at(-1)?.path).toBe('c')
    expect(toggle(cols, '_id')).toEqual(cols)
  })

  it('fit their text within limits', () => {
    expect(fit('a', ['x'])).toBe(88)
    expect(fit('a', ['x'.repeat(500)])).toBe(320)
  })
})

describe('sorting', () => {
  it('goes up, down and away by clicks', () => {
    const up = clicked([], 'a', false)
    expect(sortText(up)).toBe('a')
    const down = clicked(up, 'a', false)
    expect(sortText(down)).toBe('-a')
    expect(sortText(clicked(down, 'a', false))).toBe('')
    expect(sortText(clicked(down, 'b', false))).toBe('b')
    expect(sortText(clicked(down, 'b', true))).toBe('-a,b')
    expect(sortText(clicked(parseSort('a,b'), 'a', true))).toBe('-a,b')
  })

  it('has four keys at most', () => {
    expect(sortText(parseSort('a,b,-c,d,e,a'))).toBe('a,b,-c,d')
    expect(sortText(clicked(parseSort('a,b,c,d'), 'e', true))).toBe('a,b,c,d')
  })
})
