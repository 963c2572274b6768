// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { clauses, fromWhere, type Group, newGroup, newRow, operators, ops, replace, toWhere, whereText } from './filter.ts'
import { parseDoc, write } from './wire.ts'

const back = (text: string): string => whereText(toWhere(fromWhere(parseDoc(text))))
const kindsOf = (g: Group): string[] => g.items.map(i => i.type)

describe('the filter builder', () => {
  it.each([
    '{"species":"dog"}',
    '{"price":{"$gte":5,"$lt":10.5},"species":{"$in":["dog","cat"]}}',
    '{"born":{"$gt":{"$date":"2026-01-02T03:04:05.678Z"}},"cost":{"$numberDecimal":"1.10"},"gone":null,"ok":true}',
    '{"$or":[{"a":1},{"b":{"$exists":false}}]}',
    '{"$not":{"a":{"$startsWith":"x"},"b":{"$regex":"^y"}}}',
    '{"$or":[{"a":1,"b":2},{"$and":[{"a":{"$ne":1}},{"a":{"$ne":2}}]}]}',
    '{"name":{"$contains":"geck"},"$or":[{"a":1},{"a":2}]}',
    '{"tags":{"$in":[]}}',
    '{"o":{"$eq":{"x":1}}}',
    '{}',
  ])('shows %s and gives it back', text => {
    const g = fromWhere(parseDoc(text))
    expect(JSON.stringify(g)).not.toContain('"raw"')
    expect(back(text)).toBe(text === '{}' ? '' : text)
  })

  it.each([
    '{"a":{"$not":{"$gt":5}}}', '{"a":{"$elemMatch":{"b":1}}}', '{"$nor":[{"a":1}]}', '{"a":{"$in":[1,"x"]}}', '{"a":{"$size":2}}', '{"$or":[]}',
    '{"a":{"$exists":1}}', '{"$or":[{},{"a":1}]}',
  ])('keeps %s as it is where it cannot show it', text => {
    expect(write(toWhere(fromWhere(parseDoc(text))))).toBe(text)
    expect(JSON.stringify(fromWhere(parseDoc(text)))).toContain('"raw"')
  })

  it('joins conditions on one field, with $and where they would collide', () => {
    const two = newGroup('$and', [newRow('price', '$gte', 'int', ['5']), newRow('price', '$lt', 'int', ['9'])])
    expect(whereText(toWhere(two))).toBe('{"price":{"$gte":5,"$lt":9}}')
    const clash = newGroup('$and', [newRow('price', '$ne', 'int', ['5']), newRow('price', '$ne', 'int', ['9'])])
    expect(whereText(toWhere(clash))).toBe('{"$and":[{"price":{"$ne":5}},{"price":{"$ne":9}}]}')
  })

  it('leaves out rows without a field and refuses values of another type', () => {
    expect(whereText(toWhere(newGroup('$and', [newRow()])))).toBe('')
    expect(() => toWhere(newGroup('$and', [newRow('price', '$gt', 'int', ['much'])]))).toThrow('data.value.int')
  })

  it('does not take an object of operators for a value', () => {
    const g = newGroup('$and', [newRow('a', '$eq', 'object', ['{"b":1}'])])
    expect(whereText(toWhere(g))).toBe('{"a":{"$eq":{"b":1}}}')
  })

  it('counts conditions, and changes one anywhere', () => {
    const row = newRow('b', '$eq', 'int', ['2'])
    const g = newGroup('$and', [newRow('a'), newGroup('$or', [row, newRow('')])])
    expect(clauses(g)).toBe(2)
    expect(clauses(replace(g, row.key, undefined))).toBe(1)
    expect(whereText(toWhere(replace(g, row.key, { ...row, texts: ['3'] })))).toBe('{"a":"","b":3}')
    expect(kindsOf(g)).toEqual(['row', 'group'])
  })

  it('has an input for each operator of its table', () => {
    for (const op of ops) {
      const kind = operators[op] === 'bool' ? 'bool' : 'string'
      const r = newRow('a', op, kind, ['true'])
      expect(toWhere(newGroup('$and', [r])).size, op).toBe(1)
    }
  })
})
