import { describe, expect, it } from 'vitest'
import type { Entry } from './api.ts'
import { linkOf, operatorOf, userLink, usersOf } from './links.ts'

const row = (audit: Partial<NonNullable<Entry['audit']>>) => ({ id: 'a', event: 'signed_in', ...audit })
const entry = (e: Partial<Entry>): Entry => ({ id: 'e', at: '2026-01-01T00:00:00Z', kind: 'audit', level: 'info', ...e })

describe('links of the audit', () => {
  it('lead to who did it and to what it was done', () => {
    expect(linkOf(row({ user: 'u 1' }), 'user')).toBe('/users?user=u+1')
    expect(linkOf(row({ event: 'function_invoked', target: 'buy&sell' }), 'target')).toBe('/functions?fn=buy%26sell')
    expect(linkOf(row({ event: 'viewed_as', target: 'u2' }), 'target')).toBe('/users?user=u2')
    expect(linkOf(row({ event: 'documents_read', target: 'orders' }), 'target')).toBe('/data?in=orders')
    expect(linkOf(row({ event: 'documents_written', target: 'orders' }), 'target')).toBe('/data?in=orders')
    expect(linkOf(row({ event: 'documents_written', target: 'orders,pets' }), 'target')).toBe('')
    expect(linkOf(row({ event: 'import_part', target: 'orders' }), 'target')).toBe('/data?in=orders')
    expect(linkOf(row({ operator: 'op_1' }), 'operator')).toBe('/logs?user=op_1&range=7d')
    expect(linkOf(row({ event: 'operator_removed', target: 'o1' }), 'target')).toBe('/settings?tab=operators')
  })
  it('are not made of words', () => {
    expect(linkOf(row({ event: 'live.console', target: 'guest' }), 'target')).toBe('')
    expect(linkOf(row({ event: 'index.create', target: 'orders' }), 'target')).toBe('')
    expect(linkOf(row({ detail: 'user u1' }), 'detail')).toBe('')
  })
})

it('looks for a user further back than the page does on its own', () => {
  expect(userLink('u 1')).toBe('/logs?user=u+1&range=7d')
})

it('names the operator who acted', () => {
  expect(operatorOf(entry({ audit: row({ operator: 'op_1' }) }))).toBe('op_1')
  expect(operatorOf(entry({ kind: 'request', caller: { kind: 'operator', uid: 'op_2' } }))).toBe('op_2')
  expect(operatorOf(entry({ caller: { kind: 'user', uid: 'u1' } }))).toBe('')
})

describe('usersOf', () => {
  it('names each user once, with or without a request', () => {
    expect(usersOf(entry({ caller: { kind: 'user', uid: 'u1' }, audit: row({ user: 'u1' }) }))).toEqual(['u1'])
    expect(usersOf(entry({ caller: { kind: 'operator', uid: 'o1' }, audit: row({ event: 'viewed_as', operator: 'o1', target: 'u2' }) }))).toEqual(['u2'])
    expect(usersOf(entry({ caller: { kind: 'operator', uid: 'o1' }, audit: row({ event: 'live.console', operator: 'o1', target: 'guest' }) }))).toEqual([])
    expect(usersOf(entry({ kind: 'request', caller: { kind: 'guest' } }))).toEqual([])
  })
})
