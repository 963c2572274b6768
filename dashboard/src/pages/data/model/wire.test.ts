// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { editText, read, reread, show, usualKind } from './cell.ts'
import { at, kindOf, same, Tagged, type Doc } from './values.ts'
import { inInt64, isDecimal, parse, parseDoc, write, WireError } from './wire.ts'

// As the server writes them.
const wire = '{"_id":"a","_version":1760000000000001,"n":5,"d":5.0,"e":1e+21,"long":{"$numberLong":"9007199254740993"},"dec":{"$numberDecimal":"1.10"},' +
  '"when":{"$date":"2026-01-02T03:04:05.678Z"},"far":{"$date":{"$numberLong":"-99999999999999"}},"bin":{"$binary":{"base64":"AQI=","subType":"00"}},' +
  '"oid":{"$oid":"0123456789abcdef01234567"},"2":[true,null,"x\\n\\u0001\\""],"1":{"__proto__":1}}'

describe('the wire', () => {
  it('reads what the server writes, and writes it back to the letter', () => expect(write(parse(wire))).toBe(wire))

  it('knows every type', () => {
    const d = parseDoc(wire)
    expect(['n', 'd', 'long', 'dec', 'when', 'far', 'bin', 'oid', '2', '1'].map(k => kindOf(d.get(k)!))).toEqual(
      ['int', 'double', 'int', 'decimal', 'date', 'date', 'binary', 'objectId', 'array', 'object'])
  })

  it('reads what it wrote with indents', () => expect(write(parse(write(parse(wire), 2)))).toBe(wire))

  it.each([
    ['{"a":1,"a":2}', 'json.twice', 7], ['{"a" 1}', 'json.colon', 5], ['[1 2]', 'json.comma', 3], ['{"a":}', 'json.value', 5],
    ['{"a":1} x', 'json.rest', 8], ['{"a":"b', 'json.end', 7], ['[01]', 'json.comma', 2], ['{a:1}', 'json.name', 1], ['"\n"', 'json.control', 1],
    ['9223372036854775808', 'json.range', 0], ['1e999', 'json.range', 0], ['{"$date":"yesterday"}', 'json.form', 0], ['"\\x"', 'json.escape', 0],
  ])('refuses %s', (text, key, place) => {
    let e: unknown
    try {
      parse(text)
    } catch (x) {
      e = x
    }
    expect(e).toBeInstanceOf(WireError)
    expect([(e as WireError).key, (e as WireError).at]).toEqual([key, place])
  })

  it('nests as deep as the server and no deeper', () => {
    expect(parse('['.repeat(40) + ']'.repeat(40))).toBeTruthy()
    expect(() => parse('['.repeat(41) + ']'.repeat(41))).toThrow('json.deep')
  })

  it('holds integers to 64 bits and decimals to 34 digits', () => {
    expect(inInt64('9223372036854775807')).toBe(true)
    expect(inInt64('-9223372036854775809')).toBe(false)
    expect(inInt64('-0')).toBe(false)
    expect(isDecimal('1'.repeat(34))).toBe(true)
    expect(isDecimal('1'.repeat(35))).toBe(false)
  })
})

describe('a cell', () => {
  it('shows values in one short line', () => {
    const d = parseDoc(wire)
    expect(show(d.get('when'))).toBe('2026-01-02 03:04:05.678')
    expect(show(new Tagged('date', '2026-01-02T03:04:00.000Z'))).toBe('2026-01-02 03:04')
    expect(show(d.get('bin'))).toBe('2 B')
    expect(show(new Tagged('binary', 'AAECAwQFBgcICQoLDA0ODw==', '04'))).toBe('00010203-0405-0607-0809-0a0b0c0d0e0f')
    expect(show('x'.repeat(1_000_000)).length).toBe(241)
    expect(show(undefined)).toBe('')
    expect(show(null)).toBe('null')
  })

  it('keeps the type of what is edited', () => {
    const d = parseDoc(wire)
    for (const [k, v] of d) expect(same(read(kindOf(v), editText(v)), v), k).toBe(true)
    expect(reread('double', '7', true)).toEqual(new Tagged('double', '7.0'))
    expect(reread('int', '286.5', true)).toEqual(new Tagged('double', '286.5'))
    expect(() => reread('int', '286.5', false)).toThrow('data.value.int')
    expect(reread('decimal', '1.2300', true)).toEqual(new Tagged('decimal', '1.2300'))
  })

  it('reads dates as people write them, in UTC', () => {
    expect(read('date', '2026-01-02')).toEqual(new Tagged('date', '2026-01-02T00:00:00.000Z'))
    expect(read('date', '2026-01-02 03:04')).toEqual(new Tagged('date', '2026-01-02T03:04:00.000Z'))
    expect(read('date', '2026-01-02T03:04:05+09:00')).toEqual(new Tagged('date', '2026-01-01T18:04:05.000Z'))
    for (const bad of ['2026-02-30', '2026-13-01', 'tomorrow', '']) expect(() => read('date', bad), bad).toThrow('data.value.date')
  })

  it('refuses what is no value of the type', () => {
    for (const [kind, text] of [['int', '1.5'], ['int', ''], ['double', 'NaN'], ['bool', 'yes'], ['objectId', 'zz'], ['binary', 'a'], ['decimal', 'x'], ['object', '[]'], ['array', '{}'], ['object', '{']] as const)
      expect(() => read(kind, text), `${kind} ${text}`).toThrow()
  })

  it('takes the usual type for a new value', () => {
    const docs: Doc[] = ['{"p":1.5}', '{"p":2}', '{"p":2.5}', '{"q":{"r":"x"}}'].map(parseDoc)
    expect(usualKind(docs, 'p', undefined)).toBe('double')
    expect(usualKind(docs, 'q.r', undefined)).toBe('string')
    expect(usualKind(docs, 'p', 'string')).toBe('string')
    expect(usualKind([parseDoc('{"p":2}')], 'p', 'double')).toBe('int')
  })

  it('finds what a path names', () => {
    const d = parseDoc('{"a":{"b":[{"c":7}]}}')
    expect(at(d, 'a.b.0.c')).toEqual(new Tagged('int', '7'))
    expect(at(d, 'a.x.c')).toBeUndefined()
  })
})
