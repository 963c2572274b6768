import type { Entry } from './api.ts'

const search = (of: Record<string, string>) => '?' + new URLSearchParams(of).toString()
const user = (uid: string) => '/users' + search({ user: uid })
const settings = (tab: string) => '/settings' + search({ tab })

/** What the target of an act is, by the act; of others it is a word. */
const targets: [RegExp, (target: string) => string][] = [
  [/^function_/, name => '/functions' + search({ fn: name })],
  [/^(exported|import_begun|import_part|import_done|import_dropped|documents_read)$/, name => '/data' + search({ in: name })],
  [/^documents_written$/, names => names.includes(',') ? '' : '/data' + search({ in: names })], // of one collection
  [/^(viewed_as|live\.console)$/, uid => uid === '' || uid === 'guest' ? '' : user(uid)],
  [/^operator_/, () => settings('operators')],
  [/^key_/, () => settings('keys')],
]

/** Where a field of an audit row leads; '' for those that are text. */
export function linkOf(row: NonNullable<Entry['audit']>, field: string): string {
  switch (field) {
    case 'user': return row.user ? user(row.user) : ''
    case 'operator': return row.operator ? userLink(row.operator) : ''
    case 'key': return settings('keys')
    case 'function': return row.function ? '/functions' + search({ fn: row.function }) : ''
    case 'target': return targets.find(([act]) => act.test(row.event))?.[1](row.target ?? '') ?? ''
  }
  return ''
}

/** All entries of a user or an operator, further back than the page looks on its own: the entry at hand may be days old. */
export const userLink = (uid: string): string => '/logs' + search({ user: uid, range: '7d' })

/** The operator who acted. */
export const operatorOf = (e: Entry): string => e.audit?.operator ?? (e.caller?.kind === 'operator' ? e.caller.uid ?? '' : '')

/** The users that an entry is about, each once: who asked, and to whom it was done. */
export function usersOf(e: Entry): string[] {
  const out = new Set<string>()
  if (e.caller?.kind === 'user' && e.caller.uid) out.add(e.caller.uid)
  if (e.run?.caller.kind === 'user' && e.run.caller.uid) out.add(e.run.caller.uid)
  if (e.audit?.user) out.add(e.audit.user)
  if (e.audit && /^(viewed_as|live\.console)$/.test(e.audit.event) && e.audit.target && e.audit.target !== 'guest') out.add(e.audit.target)
  return [...out]
}
