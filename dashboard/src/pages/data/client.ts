import { answer, api, del, get, post, put } from '../../api/api.ts'
import { apiError } from '../../api/error.ts'
import { body as commitBody, type Refusal, type Write } from './model/commits.ts'
import type { Answer } from './model/rows.ts'
import type { SortKey } from './model/sort.ts'
import { type Doc, idOf, own, Tagged, type Value, versionOf } from './model/values.ts'
import { parseDoc, write } from './model/wire.ts'

export interface Index { name: string; fields: { path: string; desc: boolean }[]; unique: boolean; configured: boolean; ready: boolean; bytes: number }
export interface Collection {
  name: string
  configured: boolean
  present: boolean
  count: number
  countExact: boolean
  bytes: number
  schema: object | null
  schemaFile: string
  indexes: Index[]
  access: Record<string, string>
  preset: Record<string, string>
  default: Record<string, unknown>
  immutable: string[]
  ids: 'client' | 'server'
  scan: number
  file: string
  line: number
}
/** Whose eyes a query is seen through: a user's id, `guest`, or '' for the operator's own. */
export type As = string
export interface Query { from: string; where: Doc; sort: SortKey[]; as: As }
export interface SeenField { path: string; seen: number; types: Record<string, number>; declared: string[]; required: boolean }

const json = (text: string): Blob => new Blob([text], { type: 'application/json' })
const asText = (as: As): string => as === 'guest' ? '"guest"' : `{"uid":${JSON.stringify(as)}}`

async function typed(method: string, path: string, o: { body?: string; headers?: Record<string, string>; signal?: AbortSignal | undefined } = {}): Promise<Doc> {
  const res = await answer(method, path, { ...(o.body !== undefined && { body: json(o.body) }), ...(o.headers && { headers: o.headers }), signal: o.signal })
  return parseDoc(await res.text())
}

const docPath = (from: string, id: string): string => `/data/v1/docs/${from}/${encodeURIComponent(id)}`

export const collections = (signal?: AbortSignal): Promise<{ collections: Collection[] }> => get('/admin/v1/collections', undefined, signal)
export const seenFields = (name: string, signal?: AbortSignal): Promise<{ fields: SeenField[]; sampled: number }> =>
  get(`/admin/v1/collections/${name}/fields`, { sample: 200 }, signal)

/** The body of a query; numbers and dates keep their types. */
export function queryText(q: Query, more: Record<string, Value> = {}): string {
  const out = new Map<string, Value>([['from', q.from]])
  if (q.where.size > 0) out.set('where', q.where)
  if (q.sort.length > 0) out.set('orderBy', q.sort.map(k => [k.path, k.desc ? 'desc' : 'asc']))
  for (const [k, v] of Object.entries(more)) out.set(k, v)
  return write(out)
}

const int = (n: number): Tagged => new Tagged('int', String(n))

async function ask(q: Query, more: Record<string, Value>, signal?: AbortSignal): Promise<Doc> {
  const text = queryText(q, more)
  return q.as === '' ? typed('POST', '/data/v1/query', { body: text, signal }) : typed('POST', '/admin/v1/data/query', { body: `{"query":${text},"as":${asText(q.as)}}`, signal })
}

/**
 * A page of a query. In the order of ids the cursor is the last id, which leads
 * on from anywhere; on the way to a far page only ids are read.
 */
export async function page(q: Query, after: string | undefined, limit: number, signal: AbortSignal, idsOnly = false): Promise<Answer> {
  if (!byId(q)) return answerOf(await ask(q, { limit: int(limit), ...(after !== undefined && { after }) }, signal))
  const behind = new Map<string, Value>([['_id', new Map([['$gt', after ?? '']])]])
  const where = after === undefined ? q.where : q.where.size === 0 ? behind : new Map<string, Value>([['$and', [q.where, behind]]])
  const a = answerOf(await ask({ ...q, where }, { limit: int(limit), ...(idsOnly && { select: ['_id'] }) }, signal))
  const last = a.docs.at(-1)
  return { docs: a.docs, next: a.next === null ? null : last ? idOf(last) : after ?? null }
}

export const byId = (q: Query): boolean => q.sort.length === 0

function answerOf(d: Doc): Answer {
  const next = d.get('next')
  return { docs: d.get('docs') as Doc[], next: typeof next === 'string' ? next : null }
}

export async function count(q: Query, signal?: AbortSignal): Promise<number> {
  return Number(((await ask({ ...q, sort: [] }, { limit: int(1), count: true }, signal)).get('count') as Tagged).text)
}

export function getDoc(from: string, id: string, as: As = '', signal?: AbortSignal): Promise<Doc> {
  if (as === '') return typed('GET', docPath(from, id), { signal })
  return typed('POST', '/admin/v1/data/get', { body: `{"in":${JSON.stringify(from)},"id":${JSON.stringify(id)},"as":${asText(as)}}`, signal })
}

export function createDoc(from: string, d: Doc): Promise<Doc> {
  const id = d.get('_id')
  return typed('POST', '/data/v1/docs/' + from, { body: write(new Map([...(typeof id === 'string' && id !== '' ? [['_id', id] as [string, Value]] : []), ...own(d)])) })
}

/** Changes a document if it is still the version that was seen. */
export function patchDoc(from: string, id: string, patch: Doc, base: Doc): Promise<Doc> {
  return typed('PATCH', docPath(from, id), { body: write(patch), headers: { 'If-Match': `"${versionOf(base)}"` } })
}

export async function commit(writes: Write[]): Promise<void> {
  await answer('POST', '/data/v1/commit', { body: json(commitBody(writes)) })
}

export function refusal(e: unknown): Refusal | undefined {
  const { code, message, field } = apiError(e)
  return { code, message, field }
}

/** Whether a write was refused because the document changed meanwhile. */
export const isConflict = (e: unknown): boolean => apiError(e).code === 'failed_precondition'
export const isGone = (e: unknown): boolean => apiError(e).code === 'not_found'

export interface Plan {
  index: string
  bounds: { path: string; desc: boolean; conditions: Record<string, unknown>[] }[]
  also: string[]
  narrowed: boolean
  sorted: boolean
  reverse: boolean
  unindexed: boolean
  sortInMemory: boolean
  examined: number
  examinedBytes: number
  returned: number
  ms: number
  complete: boolean
  stopped: string
  rule: 'always' | 'filter' | 'scan' | 'never'
  scan: number
  advice: { index: string; yaml: string; text: string } | null
}
export function explain(q: Query, signal?: AbortSignal): Promise<Plan> {
  const text = `{"query":${queryText(q, { limit: int(100) })}${q.as === '' ? '' : `,"as":${asText(q.as)}`}}`
  return api('POST', '/admin/v1/explain', { body: json(text), signal })
}

export interface Import {
  id: string
  collection: string
  format: 'jsonl' | 'csv'
  mode: 'create' | 'set'
  file: string
  mark: string
  by: string
  changedAt: string
  complete: boolean
  state: 'open' | 'done'
  parts: number
  lines: number
  created: number
  replaced: number
  failed: number
  /** More lines were refused than errors tell of. */
  badMore: boolean
  errors: { line: number; id: string; field: string; code: string; reason: string }[]
}
export interface ImportStart { format: 'jsonl' | 'csv'; mode: 'create' | 'set'; file: string; mark?: string; separator?: string; columns?: string[]; header?: boolean; types?: Record<string, string> }
export const startImport = (name: string, body: ImportStart): Promise<Import> => post(`/admin/v1/collections/${name}/imports`, body)
export const getImport = (id: string, signal: AbortSignal): Promise<Import> => get('/admin/v1/imports/' + id, undefined, signal)
export const imports = (signal?: AbortSignal): Promise<{ imports: Import[] }> => get('/admin/v1/imports', undefined, signal)
export const dropImport = (id: string): Promise<void> => del('/admin/v1/imports/' + id)
export const sendPart = (id: string, part: number, bytes: Uint8Array<ArrayBuffer>, last: boolean, signal: AbortSignal): Promise<Import> =>
  api('PUT', `/admin/v1/imports/${id}/parts/${part}`, { query: last ? { last: true } : {}, body: new Blob([bytes], { type: 'application/octet-stream' }), signal })

/** One page of an export, the cursor of the next, and with the first how many documents there are, where that is known soon. */
export async function exportPage(q: Query, format: 'jsonl' | 'csv', select: string[], after: string | undefined, signal: AbortSignal): Promise<{ bytes: Blob; next: string | undefined; total: number | undefined }> {
  const res = await answer('GET', `/admin/v1/collections/${q.from}/export`, {
    query: { format, where: q.where.size > 0 ? write(q.where) : '', orderBy: q.sort.map(k => (k.desc ? '-' : '') + k.path).join(','), select: select.join(','), after },
    signal,
  })
  const total = res.headers.get('Hutch-Total')
  return { bytes: await res.blob(), next: res.headers.get('Hutch-Next') ?? undefined, total: total === null ? undefined : Number(total) }
}

export interface SavedView { id: string; collection: string; name: string; shared: boolean; mine: boolean; owner: string; view: { where?: string; sort?: string; cols?: string }; updatedAt: string }
export const views = (collection: string, signal?: AbortSignal): Promise<{ views: SavedView[] }> => get('/admin/v1/views', { collection }, signal)
export const saveView = (v: { collection: string; name: string; shared: boolean; view: SavedView['view'] }): Promise<SavedView> => post('/admin/v1/views', v)
export const changeView = (id: string, v: { collection: string; name: string; shared: boolean; view: SavedView['view'] }): Promise<SavedView> => put('/admin/v1/views/' + id, v)
export const deleteView = (id: string): Promise<void> => del('/admin/v1/views/' + id)
