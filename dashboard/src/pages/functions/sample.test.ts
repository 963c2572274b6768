import { describe, expect, it } from 'vitest'
import { lintDoc } from '../data/document/lint.ts'
import { schemaOf } from '../data/model/schema.ts'
import { sample } from './sample.ts'

const of = (property: Record<string, unknown>) => {
  const schema = { type: 'object', required: ['v'], properties: { v: property } }
  const got = sample(schema) as { v: unknown }
  expect(lintDoc(JSON.stringify(got), schemaOf(schema)), JSON.stringify(got)).toEqual([])
  return got.v
}

describe('the input that a call begins with', () => {
  it('is valid where the schema says how', () => {
    expect(of({ type: 'string', minLength: 3 })).toBe('xxx')
    expect(of({ type: 'integer', minimum: 1 })).toBe(1)
    expect(of({ type: 'integer', exclusiveMinimum: 0 })).toBe(1)
    expect(of({ type: 'integer', maximum: -2 })).toBe(-2)
    expect(of({ type: 'integer', minimum: 3, multipleOf: 5 })).toBe(5)
    expect(of({ type: 'number', exclusiveMinimum: 0, maximum: 1 })).toBe(0.5)
    expect(of({ type: 'number', exclusiveMinimum: 0 })).toBe(1)
    expect(of({ type: 'array', minItems: 2, items: { type: 'integer', minimum: 1 } })).toEqual([1, 1])
    expect(of({ enum: ['small', 'large'] })).toBe('small')
    expect(of({ type: ['null', 'boolean'] })).toBe(false)
  })
  it('prefers what the author wrote', () => {
    expect(of({ type: 'integer', minimum: 1, examples: [7], default: 5 })).toBe(7)
    expect(of({ type: 'integer', minimum: 1, default: 5 })).toBe(5)
  })
  it('leaves the schema as it is', () => {
    const schema = { allOf: [{ required: ['a'] }], $ref: '#/$defs/more', properties: { a: { type: 'boolean' } }, $defs: { more: { required: ['b'] } } }
    const before = JSON.stringify(schema)
    expect(sample(schema)).toEqual({ a: false, b: null })
    expect(JSON.stringify(schema)).toBe(before)
  })
  it('follows what a schema refers to, and ends', () => {
    expect(sample({ $ref: '#/$defs/pet', $defs: { pet: { type: 'object', required: ['name'], properties: { name: { type: 'string', minLength: 1 } } } } })).toEqual({ name: 'x' })
    expect(() => sample({ type: 'object', required: ['me'], properties: { me: { $ref: '#' } } })).not.toThrow()
    expect(sample(null)).toBeNull()
  })
})
