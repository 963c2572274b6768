import type { RuleKind, RulePlace, Rules, RuleText } from './client.ts'

export interface Item extends RulePlace { id: string; rule: RuleText }
export interface Section { name: string; kind: 'collection' | 'helpers' | 'functions'; items: Item[] }

const item = (kind: RuleKind, rule: RuleText, collection?: string): Item => ({
  id: [kind, ...collection === undefined ? [] : [collection], rule.key].map(encodeURIComponent).join('/'), kind, key: rule.key, rule, ...collection !== undefined && { collection },
})

/** All rules as the tree shows them. */
export function sections(r: Rules): Section[] {
  return [
    ...r.collections.map(c => ({
      name: c.name, kind: 'collection' as const,
      items: [...c.access.map(x => item('access', x, c.name)), ...c.preset.map(x => item('preset', x, c.name)), ...c.default.map(x => item('default', x, c.name))],
    })),
    ...r.helpers.length > 0 ? [{ name: '', kind: 'helpers' as const, items: r.helpers.map(x => item('helper', x)) }] : [],
    ...r.functions.length > 0 ? [{ name: '', kind: 'functions' as const, items: r.functions.map(x => item('function', x)) }] : [],
  ]
}

export const operations = ['get', 'list', 'create', 'update', 'set', 'delete'] as const
export type Operation = typeof operations[number]

/** What is tried, and which rule stands above it. */
export interface Trial { item: Item | undefined; collection: string; op: Operation }

const wider: Record<Operation, string[]> = { get: ['get', 'read'], list: ['list', 'read'], create: ['create', 'write'], update: ['update', 'write'], set: ['update', 'create', 'write'], delete: ['delete', 'write'] }

/** What a rule decides: the first operation that comes to it. */
function operationOf({ kind, key }: Item): Operation {
  if (kind === 'preset' || kind === 'default') return 'create'
  return operations.find(op => wider[op].includes(key)) ?? 'get'
}

/** The rule that decides an operation; undefined where there is none, which denies. */
function ruleOf(items: Item[], collection: string, op: Operation): Item | undefined {
  for (const key of wider[op]) {
    const found = items.find(i => i.kind === 'access' && i.collection === collection && i.key === key)
    if (found) return found
  }
  return undefined
}

/** What an address says; what it does not, or what is not there, follows from the rule. */
export function trialOf(params: URLSearchParams, items: Item[], collections: string[]): Trial {
  const item = items.find(i => i.id === params.get('rule')) ?? items[0]
  const said = params.get('in') ?? ''
  const collection = collections.includes(said) ? said : item?.collection ?? collections[0] ?? ''
  const op = operations.find(o => o === params.get('op')) ?? (item ? operationOf(item) : 'get')
  return { item, collection, op }
}

/** The address when another rule was chosen: its operation is tried. A rule of no collection leaves what is tried alone. */
export function choosing(params: URLSearchParams, now: Trial, to: Item): URLSearchParams {
  const next = new URLSearchParams(params)
  next.set('rule', to.id)
  if (to.collection === undefined) {
    next.set('in', now.collection)
    next.set('op', now.op)
    return next
  }
  next.delete('in')
  next.delete('op')
  if (to.collection !== now.collection) next.delete('id')
  return next
}

/** The address when something else is tried: the rule that decides it comes with it. */
export function trying(params: URLSearchParams, now: Trial, items: Item[], to: { collection?: string; op?: Operation }): URLSearchParams {
  const { collection, op } = { ...now, ...to }
  const next = new URLSearchParams(params)
  const rule = ruleOf(items, collection, op)
  if (rule) next.set('rule', rule.id)
  const shown = rule ?? now.item
  if (shown?.collection === collection) next.delete('in')
  else next.set('in', collection)
  if (shown && shown.collection === collection && operationOf(shown) === op) next.delete('op')
  else next.set('op', op)
  if (collection !== now.collection) next.delete('id')
  return next
}
