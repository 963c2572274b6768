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

/** What a rule of an access key decides: the first operation that comes to it. */
export function operationOf(key: string): string {
  return { read: 'get', write: 'update' }[key] ?? key
}
