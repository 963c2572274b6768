import { del, get, post, put } from '../../api/api.ts'

export interface Identity {
  identity_id: string
  id: string
  provider: string
  email?: string
  identity_data: Record<string, unknown>
  last_sign_in_at?: string
  created_at: string
}
export interface Factor { id: string; friendly_name?: string; factor_type: string; status: string; created_at: string }
export interface Passkey { id: string; friendly_name?: string; created_at: string; last_used_at?: string }
export interface Device { id: string; user_agent: string; ip: string; aal: string; created_at: string; refreshed_at: string; not_after: string; actor?: string }

export interface User {
  id: string
  email: string
  email_confirmed_at?: string
  last_sign_in_at?: string
  app_metadata: { roles?: string[]; providers?: string[]; [name: string]: unknown }
  user_metadata: Record<string, unknown>
  identities: Identity[]
  factors: Factor[]
  is_anonymous: boolean
  banned_until?: string
  created_at: string
  updated_at: string
}

export interface Edit {
  email?: string
  email_confirm?: boolean
  password?: string
  roles?: string[]
  app_metadata?: Record<string, unknown>
  user_metadata?: Record<string, unknown>
  ban_duration?: string
}

export interface Row {
  id: string
  at: string
  event: string
  user?: string
  operator?: string
  key?: string
  session?: string
  target?: string
  function?: string
  network?: string
  detail?: string
  count?: number
}

export type LinkKind = 'recovery' | 'magiclink' | 'invite' | 'signup' | 'email_change_new' | 'email_change_current'
/** A link with the account it is of. */
export interface Link extends User { action_link: string; email_otp: string; verification_type: LinkKind }
export interface Impersonation { access_token: string; expires_at: number; user: User }

const root = '/admin/v1/auth'
const of = (id: string) => `${root}/users/${encodeURIComponent(id)}`

export type Filters = Record<string, string>

export const list = (filters: Filters, after: string, signal: AbortSignal) =>
  get<{ users: User[]; next: string; total: number }>(root + '/users', { ...filters, after, per_page: 100 }, signal)
export const one = (id: string, signal: AbortSignal) => get<User>(of(id), undefined, signal)
export const create = (body: Edit) => post<User>(root + '/users', body)
export const invite = (email: string, data: Record<string, unknown>) => post<User>(root + '/invite', { email, data })
export const edit = (id: string, body: Edit) => put<User>(of(id), body)
export const erase = (id: string) => del(of(id))
export const sessions = (id: string, signal: AbortSignal) => get<{ sessions: Device[] }>(of(id) + '/sessions', undefined, signal)
export const endSessions = (id: string, session = '') => del(`${of(id)}/sessions${session && '/' + encodeURIComponent(session)}`)
export const unlink = (id: string, identity: string) => del(`${of(id)}/identities/${encodeURIComponent(identity)}`)
export const removeFactor = (id: string, factor: string) => del(`${of(id)}/factors/${encodeURIComponent(factor)}`)
export const passkeys = (id: string, signal: AbortSignal) => get<Passkey[]>(of(id) + '/passkeys', undefined, signal)
export const removePasskey = (id: string, passkey: string) => del(`${of(id)}/passkeys/${encodeURIComponent(passkey)}`)
export const link = (body: { type: LinkKind; email: string; password?: string; new_email?: string; data?: Record<string, unknown> }) => post<Link>(root + '/generate_link', body)
export const impersonate = (user: string, reason: string) => post<Impersonation>(root + '/impersonate', { user, reason })
export const trail = (user: string, after: string, signal: AbortSignal) =>
  get<{ rows: Row[]; next?: string }>('/admin/v1/audit', { user, after, order: 'newest', limit: 50 }, signal)

/** What the person is called, where they say so. */
export function nameOf(u: User): string {
  for (const key of ['name', 'full_name', 'user_name']) {
    const v = u.user_metadata[key]
    if (typeof v === 'string' && v !== '') return v
  }
  return ''
}

/** The word that acts on the account ask to be typed. */
export const label = (u: User): string => u.email || u.id

export const banned = (u: User): boolean => u.banned_until !== undefined && new Date(u.banned_until).getTime() > Date.now()
