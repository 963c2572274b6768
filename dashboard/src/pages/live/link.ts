/** An address of this page from where one is: what the console and the lists hold stays; the drawer closes. */
export function linkFrom(search: string, change: Record<string, string>): string {
  const to = new URLSearchParams(search)
  to.delete('connection')
  for (const [name, value] of Object.entries(change)) {
    if (value === '') to.delete(name)
    else to.set(name, value)
  }
  return '/live?' + to.toString()
}

export const groupLink = (search: string, q: string): string => linkFrom(search, { tab: '', group: q })
export const consoleLink = (search: string, query: object): string => linkFrom(search, { tab: 'console', query: JSON.stringify(query) })
