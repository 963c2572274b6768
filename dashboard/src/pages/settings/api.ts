import { del, get, post } from '../../api/api.ts'

export interface Value { path: string; value: string; hidden?: boolean; source: 'file' | 'default' | 'environment' | 'flag'; file?: string; line?: number; names?: string[] }
export interface Finding { file: string; line?: number; column?: number; severity: 'error' | 'warning'; code: string; message: string; hint?: string }
export interface Reload { at: string; ok: boolean; message?: string; findings: Finding[] }
export interface Config { values: Value[]; findings: Finding[]; reloads: Reload[] }

export interface ServiceKey { id: string; name: string; scope: string; createdAt: string; expiresAt?: string; lastUsedAt?: string }
export interface SigningKey { id: string; signsFrom: string; endsAt?: string; createdAt: string; state: 'waits' | 'signs' | 'verifies' }
export interface OperatorRow { id: string; email: string; status: string; factors: string[]; createdAt: string; lastSignInAt?: string; sessions: number }
export interface OperatorLink { token: string; email?: string; expiresAt: string }

export interface Mail {
  sends: boolean
  printed: boolean
  from?: string
  kinds: string[]
  templates: string[]
  waiting: number
  dead: number
  failures: { id: string; at: string; tries: number; reason: string }[]
}
export interface Preview { subject: string; text: string; html: string }
export interface Licence { name: string; version: string; from: 'go' | 'npm'; licence: string; text: string }
export interface About { version: string; go: string; platform: string; started: string; store: string; bytes: number; dev: boolean; nodes: number; licences: Licence[] }

const at = '/admin/v1'

export const config = (signal: AbortSignal) => get<Config>(at + '/config', undefined, signal)
export const keys = (signal: AbortSignal) => get<{ keys: ServiceKey[] }>(at + '/keys', undefined, signal)
export const makeKey = (name: string, scope: string, seconds: number) => post<{ key: string; stored: ServiceKey }>(at + '/keys', { name, scope, ...(seconds > 0 && { seconds }) })
export const revoke = (id: string) => del(`${at}/keys/${encodeURIComponent(id)}`)
export const signing = (signal: AbortSignal) => get<{ keys: SigningKey[] }>(at + '/signing', undefined, signal)
export const rotate = (now: boolean) => post<{ id: string; signsFrom: string }>(at + '/signing/rotate', { now })
export const operators = (signal: AbortSignal) => get<{ operators: OperatorRow[] }>(at + '/operators', undefined, signal)
export const invite = (email: string) => post<OperatorLink>(at + '/operators', { email })
export const removeOperator = (id: string) => del(`${at}/operators/${encodeURIComponent(id)}`)
export const mail = (signal: AbortSignal) => get<Mail>(at + '/mail', undefined, signal)
export const preview = (body: { kind: string } | { template: string; data: unknown }) => post<Preview>(at + '/mail/preview', body)
export const testMail = (to: string) => post(at + '/mail/test', { to })
export const about = (signal: AbortSignal) => get<About>(at + '/about', undefined, signal)
export const licence = (id: string, signal: AbortSignal) => get<{ text: string }>(`${at}/about/licences/${encodeURIComponent(id)}`, undefined, signal)
