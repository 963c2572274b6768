import { get, post } from '../../api/api.ts'

export interface RuleText { key: string; text: string; file: string; line: number; column: number }

export interface RuleCollection {
  name: string
  access: RuleText[]
  preset: RuleText[]
  default: RuleText[]
  immutable: string[]
  scan: number
  schema: boolean
}

export interface Finding { file: string; line: number; column: number; severity: 'error' | 'warning'; code: string; message: string; hint: string }

export interface Rules { helpers: RuleText[]; collections: RuleCollection[]; functions: RuleText[]; diagnostics: Finding[] }

export type RuleKind = 'access' | 'preset' | 'default' | 'helper' | 'function'
export interface RulePlace { kind: RuleKind; collection?: string; key: string }

export interface Place { in: string; from: number; to: number; text: string }
export type Truth = 'true' | 'false' | 'error' | 'unseen'

export interface Part extends Place {
  calls: Place[]
  up: number
  kind: 'and' | 'or' | 'not' | 'if' | 'test'
  truth: Truth
  deciding: boolean
  values: { text: string; value?: unknown; cut: boolean }[]
}

export interface Traced { op: string; key: string; truth: Truth; rule: RuleText; of: string; parts: Part[] }

export interface ListAnswer {
  rule: 'always' | 'filter' | 'scan' | 'never'
  filter: object
  exact: boolean
  why: string
  where: object
  scan: number
  index: string
  also: string[]
  unindexed: boolean
  sorted: boolean
  examined: number
  returned: number
  stopped: string
  advice: string
  sample: { most: number; passing: number; refused: number; complete: boolean; passes: { _id: string } | null; refuses: { _id: string } | null }
}

export interface Answer {
  allowed: boolean
  code: string
  message: string
  field: string
  op: string
  stored: object | null
  next: object | null
  invalid: string
  rules: Traced[]
  lookUps: { collection: string; id: string; version: number }[]
  list: ListAnswer | null
  auth: unknown
}

export const rules = (signal: AbortSignal) => get<Rules>('/admin/v1/rules', undefined, signal)
export const check = (text: string, where: RulePlace) => post<{ diagnostics: Finding[]; others: Finding[] }>('/admin/v1/rules/check', { text, where })
export const explain = (body: object) => post<Answer>('/admin/v1/rules/explain', body)

export const fields = (collection: string, signal: AbortSignal) =>
  get<{ fields: { path: string; types: Record<string, number>; declared?: string[] }[] }>(`/admin/v1/collections/${encodeURIComponent(collection)}/fields`, { sample: 100 }, signal)
