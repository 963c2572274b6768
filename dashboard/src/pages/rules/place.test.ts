import { describe, expect, it } from 'vitest'
import type { Rules } from './client.ts'
import { choosing, sections, trialOf, trying } from './place.ts'

const rule = (key: string) => ({ key, text: 'true', file: 'hutch.yaml', line: 1, column: 1 })
const collection = (name: string, ...keys: string[]) => ({ name, access: keys.map(rule), preset: [], default: [], immutable: [], scan: 0, schema: false })
const all: Rules = { collections: [{ ...collection('orders', 'read', 'create'), preset: [rule('user')] }, collection('products', 'read', 'write')], helpers: [rule('mine()')], functions: [], diagnostics: [] }
const items = sections(all).flatMap(s => s.items)
const names = ['orders', 'products']
const at = (search: string) => trialOf(new URLSearchParams(search), items, names)
const id = (of: string) => items.find(i => i.id === of) as typeof items[number]
const text = (search: string) => {
  const { item, collection, op } = at(search)
  return `${item?.id} ${collection} ${op}`
}

describe('an address of the playground', () => {
  it('says what is tried, and the rule the rest', () => {
    expect(text('')).toBe('access/orders/read orders get')
    expect(text('rule=access/products/write')).toBe('access/products/write products create')
    expect(text('rule=preset/orders/user')).toBe('preset/orders/user orders create')
    expect(text('rule=access/products/read&op=list')).toBe('access/products/read products list')
    expect(text('rule=nothing&in=nowhere&op=drop')).toBe('access/orders/read orders get')
  })

  it('keeps nothing of the rule before when another is chosen', () => {
    const was = 'rule=access/orders/read&in=orders&op=list&id=o1&as=u1'
    expect(choosing(new URLSearchParams(was), at(was), id('access/products/write')).toString()).toBe('rule=access%2Fproducts%2Fwrite&as=u1')
    expect(choosing(new URLSearchParams(was), at(was), id('access/orders/create')).toString()).toBe('rule=access%2Forders%2Fcreate&id=o1&as=u1')
  })

  it('tries the same on when a rule of no collection is read', () => {
    const was = 'rule=access/products/write&id=p1'
    const next = choosing(new URLSearchParams(was), at(was), id('helper/mine()'))
    expect(text(next.toString())).toBe('helper/mine() products create')
    expect(next.get('id')).toBe('p1')
  })

  it('brings the rule that decides along when the form changes', () => {
    const was = 'rule=access/orders/read&id=o1'
    expect(trying(new URLSearchParams(was), at(was), items, { op: 'list' }).toString()).toBe('rule=access%2Forders%2Fread&id=o1&op=list')
    expect(trying(new URLSearchParams(was), at(was), items, { collection: 'products', op: 'delete' }).toString()).toBe('rule=access%2Fproducts%2Fwrite&op=delete')
    expect(trying(new URLSearchParams(was), at(was), items, { op: 'create' }).toString()).toBe('rule=access%2Forders%2Fcreate&id=o1')
  })

  it('reads as what was chosen, whatever was chosen', () => {
    for (const start of ['', 'rule=helper/mine()', 'rule=access/products/read&op=list&id=p1', 'rule=preset/orders/user']) {
      for (const collection of names) {
        for (const op of ['get', 'list', 'create', 'update', 'set', 'delete'] as const) {
          const next = at(trying(new URLSearchParams(start), at(start), items, { collection, op }).toString())
          expect([next.collection, next.op], `${start} ${collection} ${op}`).toEqual([collection, op])
        }
      }
    }
  })
})
