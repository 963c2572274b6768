// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { clashes, mapping, records, separatorOf, told } from './csv.ts'

describe('a table in text', () => {
  it('is read by records, quotes and line ends of any make', () => {
    expect(records('\ufeffa,b\r\n"1,\n""x""",2\r\n\n3,', ',', 9, true)).toEqual([['a', 'b'], ['1,\n"x"', '2'], ['3', '']])
    expect(records('a\tb\n1\t2', '\t', 9, false)).toEqual([['a', 'b']])
    expect(records('a\n1\n2\n3', ',', 2, true)).toEqual([['a'], ['1']])
  })

  it('tells what separates its cells', () => {
    expect(separatorOf('a.csv', 'name;price\nx,y,z;1')).toBe(';')
    expect(separatorOf('a.txt', 'name\tprice\n')).toBe('\t')
    expect(separatorOf('a.tsv', 'a,b,c')).toBe('\t')
    expect(separatorOf('a.csv', '"a;b;c",d')).toBe(',')
    expect(separatorOf('a.csv', '')).toBe(',')
  })

  it('becomes fields by the names of its columns', () => {
    const list = mapping([['_id', 'NAME ', 'Note', '', '_version'], ['1', 'Rex', '', 'x', '3'], ['2', '', 'n', '', '']], ['name', 'price'])
    expect(list.map(m => [m.field, m.type])).toEqual([['_id', 'auto'], ['name', 'auto'], ['Note', 'auto'], ['', 'skip'], ['_version', 'skip']])
    expect(list[1]?.samples).toEqual(['Rex'])
    expect(clashes(list).size).toBe(0)
    expect(told(list)).toEqual({ columns: ['_id', 'name', 'Note', '#4', '#5'], types: { '#4': 'skip', '#5': 'skip' } })
  })

  it('finds columns of the same field, and names that are none', () => {
    const col = (field: string, type = 'auto') => ({ header: field, samples: [], field, type })
    expect([...clashes([col('a'), col('b'), col('a.x'), col('a', 'skip')])]).toEqual([0, 2])
    expect([...clashes([col('a'), col('_x'), col('b..c'), col(' ')])]).toEqual([1, 2, 3])
  })
})
