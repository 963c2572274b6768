// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { blank, check, fieldsOf, mayWiden, says, schemaOf } from './schema.ts'
import { parseDoc, write } from './wire.ts'

const schema = schemaOf({
  type: 'object', required: ['name', 'price', 'species', 'born'], additionalProperties: false,
  $defs: { money: { type: 'number', minimum: 0, maximum: 100 } },
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 5, description: 'What it is called' },
    species: { enum: ['dog', 'cat'] },
    price: { $ref: '#/$defs/money' },
    stock: { type: 'integer' },
    born: { bsonType: 'date' },
    tags: { type: 'array', maxItems: 2, items: { type: 'string' } },
    size: { type: 'object', required: ['w'], properties: { w: { type: 'number' } } },
    note: { type: ['string', 'null'] },
  },
})!

describe('a schema', () => {
  it('names its fields and what they hold', () => {
    expect(fieldsOf(schema)).toEqual(['name', 'species', 'price', 'stock', 'born', 'tags', 'size', 'note'])
    expect(fieldsOf(schema, 'size')).toEqual(['w'])
    expect(says(schema, 'name')).toMatchObject({ kind: 'string', required: true, description: 'What it is called' })
    expect(says(schema, 'species')).toMatchObject({ kind: 'string', enum: ['dog', 'cat'] })
    expect(says(schema, 'price').kind).toBe('double')
    expect(says(schema, 'born').kind).toBe('date')
    expect(says(schema, 'size.w')).toMatchObject({ kind: 'double', required: false })
    expect(says(schema, 'tags.0').kind).toBe('string')
    expect(says(schema, 'note').kind).toBe('string')
    expect(says(schema, '_createdAt').kind).toBe('date')
    expect([mayWiden(schema, 'price'), mayWiden(schema, 'stock')]).toEqual([true, false])
  })

  it('gives a document to begin with', () => {
    const d = blank(schema)
    expect([...d.keys()]).toEqual(['name', 'species', 'price', 'born'])
    expect(d.get('species')).toBe('dog')
  })

  const good = '{"_id":"a","_version":1,"name":"Miso","species":"cat","price":5.5,"born":{"$date":"2026-01-02T00:00:00Z"}'
  it.each([
    ['}', ''],
    [',"stock":2.0,"tags":["x"],"note":null}', ''],
    [',"stock":2.5}', 'stock data.breach.type integer'],
    [',"tags":["x",1]}', 'tags.1 data.breach.type string'],
    [',"tags":["x","y","z"]}', 'tags data.breach.maxItems 2'],
    [',"size":{}}', 'size data.breach.required w'],
    [',"color":1}', 'color data.breach.extra color'],
  ])('judges ...%s', (rest, breach) => {
    expect(check(schema, parseDoc(good + rest)).map(b => `${b.path} ${b.key} ${b.value}`).join()).toBe(breach)
  })

  it('finds all that is wrong at once', () => {
    const bad = parseDoc('{"name":"too long","species":"fox","price":101,"born":"today"}')
    expect(check(schema, bad).map(b => b.path + ' ' + b.key)).toEqual(['name data.breach.maxLength', 'species data.breach.enum', 'price data.breach.maximum', 'born data.breach.type'])
    expect(check(schema, parseDoc('{}')).map(b => b.value)).toEqual(['name', 'price', 'species', 'born'])
  })

  it('that refers to itself ends', () => {
    const loop = schemaOf({ $ref: '#', properties: { a: { $ref: '#' } } })!
    expect(check(loop, parseDoc('{"a":{"a":{}}}'))).toEqual([])
  })

  it('is none for null', () => expect([schemaOf(null), write(blank(undefined))]).toEqual([undefined, '{}']))
})
