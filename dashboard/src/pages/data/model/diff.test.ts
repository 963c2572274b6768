// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { changedFields, defaultChoice, diff3, merged, patchOf } from './diff.ts'
import { parseDoc, write } from './wire.ts'

const base = parseDoc('{"_id":"a","_version":1,"name":"Miso","price":5.0,"tags":["x"],"size":{"w":1,"h":2}}')
const theirs = parseDoc('{"_id":"a","_version":2,"name":"Miso","price":6.0,"tags":["x","y"],"size":{"w":9,"h":2},"new":true}')
const mine = parseDoc('{"_id":"a","_version":1,"name":"Miso II","price":7.0,"size":{"w":1,"h":3},"tags":["x"]}')

describe('a conflict', () => {
  const changes = diff3(base, mine, theirs)

  it('is told field by field, inside objects too', () => {
    expect(changes.map(c => [c.path, c.side])).toEqual([['name', 'mine'], ['price', 'both'], ['tags', 'theirs'], ['size.w', 'theirs'], ['size.h', 'mine'], ['new', 'theirs']])
  })

  it('keeps what only one changed, and mine where both did', () => {
    expect(write(merged(theirs, changes, defaultChoice))).toBe('{"_id":"a","_version":2,"name":"Miso II","price":7.0,"tags":["x","y"],"size":{"w":9,"h":3},"new":true}')
  })

  it('can be decided for theirs', () => expect(write(merged(theirs, changes, () => 'theirs'))).toBe(write(theirs)))

  it('can be decided for mine, also for what is gone', () => {
    const without = parseDoc('{"_id":"a","name":"Miso"}')
    expect(write(merged(theirs, diff3(base, without, theirs), () => 'mine'))).toBe('{"_id":"a","_version":2,"name":"Miso"}')
  })

  it('is none where both made the same change', () => {
    expect(diff3(base, theirs, theirs).every(c => c.side === 'agree')).toBe(true)
    expect(diff3(base, base, base)).toEqual([])
  })
})

describe('a patch', () => {
  const patch = (a: string, b: string): string => write(patchOf(parseDoc(a), parseDoc(b)))

  it('names what changed and nothing else', () => {
    expect(patch('{"a":1,"b":2,"c":{"x":1,"y":2}}', '{"a":1,"b":3,"c":{"x":1,"y":5}}')).toBe('{"$set":{"b":3,"c.y":5}}')
    expect(patch('{"a":1,"b":{"x":1,"y":2}}', '{"b":{"x":1}}')).toBe('{"$unset":{"b.y":true,"a":true}}')
    expect(patch('{"_id":"a","_version":1,"a":1}', '{"a":1}')).toBe('{}')
  })

  it('sets an object as a whole where a path could not say it', () => {
    expect(patch('{"c":{"a.b":1}}', '{"c":{"a.b":2}}')).toBe('{"$set":{"c":{"a.b":2}}}')
    expect(patch('{"c":{"a":1,"b":1}}', '{"c":{"b":1,"a":1}}')).toBe('{"$set":{"c":{"b":1,"a":1}}}')
    expect(patch('{"c":{"a":1}}', '{"c":{}}')).toBe('{"$set":{"c":{}}}')
  })

  it('sees a change of type', () => expect(patch('{"a":5}', '{"a":5.0}')).toBe('{"$set":{"a":5.0}}'))
})

it('names the fields that differ', () => expect(changedFields(base, theirs)).toEqual(['price', 'tags', 'size', 'new']))
