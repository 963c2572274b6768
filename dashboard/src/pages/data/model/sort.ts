export interface SortKey { path: string; desc: boolean }

const most = 4 // keys of a query

/** `-price,name`, as in the URL and in GET /data/v1/docs. */
export function parseSort(text: string): SortKey[] {
  const out: SortKey[] = []
  for (const part of text.split(',')) {
    const desc = part.startsWith('-')
    const path = desc ? part.slice(1) : part
    if (path !== '' && out.length < most && !out.some(k => k.path === path)) out.push({ path, desc })
  }
  return out
}

export const sortText = (keys: readonly SortKey[]): string => keys.map(k => (k.desc ? '-' : '') + k.path).join(',')

/** A click on a header: up, down, none; with `add` it is one more key. */
export function clicked(keys: readonly SortKey[], path: string, add: boolean): SortKey[] {
  const old = keys.find(k => k.path === path)
  const next: SortKey[] = !old ? [{ path, desc: false }] : old.desc ? [] : [{ path, desc: true }]
  if (!add) return next
  return old ? keys.flatMap(k => k.path === path ? next : [k]) : [...keys, ...next].slice(0, most)
}
