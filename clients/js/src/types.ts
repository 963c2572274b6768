/** What documents, queries and results look like. `App` is written by `hutch types`. */
import type { Code, HutchError } from './error.ts'
import type { Auth } from './types-auth.ts'

export type * from './types-auth.ts'
export type * from './types-factors.ts'

export interface System {
  readonly _id: string
  readonly _version: number
  readonly _createdAt: Date
  readonly _updatedAt: Date
}

/** A collection: doc = stored shape; fields of preset and immutable are not the client's to write. */
export interface CollectionType { doc: object; preset?: string; immutable?: string; masked?: string }
export interface AppType {
  collections: Record<string, CollectionType>
  functions: Record<string, { in: any; out: any }>
  /** Names of auth.providers. */
  providers?: string
}

/** Without the types of an app: any name, any field. */
export interface AnyApp {
  collections: Record<string, { doc: Record<string, any> }>
  functions: Record<string, { in: any; out: any }>
}

type Name<C> = C extends string ? C : never
/** A document as read; masked fields may be absent. */
export type Row<C extends CollectionType> =
  & Omit<C['doc'], Name<C['masked']>>
  & Partial<Pick<C['doc'], Name<C['masked']> & keyof C['doc']>>
  & System
export type New<C extends CollectionType> = Omit<C['doc'], Name<C['preset']>> & { _id?: string }
export type Patch<C extends CollectionType> = Partial<Omit<C['doc'], Name<C['immutable']> | Name<C['preset']>>> & UpdateOps

export interface UpdateOps {
  $set?: object
  $unset?: Record<string, true>
  $inc?: Record<string, number>
  $push?: object
  $pull?: object
  $addToSet?: object
  $currentDate?: Record<string, true>
}

type Element<T> = T extends readonly (infer E)[] ? E : T
type Cond<T> = T | Element<T> | null | {
  $eq?: Element<T>
  $ne?: Element<T>
  $gt?: Element<T>
  $gte?: Element<T>
  $lt?: Element<T>
  $lte?: Element<T>
  $in?: readonly Element<T>[]
  $nin?: readonly Element<T>[]
  $exists?: boolean
  $contains?: string
  $startsWith?: string
  $regex?: string
}
export type Where<T> =
  & { [P in keyof T]?: Cond<T[P]> }
  & { $and?: Where<T>[]; $or?: Where<T>[]; $not?: Where<T> }
  & { [dotted: `${string}.${string}`]: unknown }
export type SortKey<T> = (keyof T & string) | `-${keyof T & string}`

/** A condition of a write, judged at the commit; `else` replaces the answer when `if` fails. */
export interface Guard<T> {
  if?: Where<T>
  ifVersion?: number
  ifExists?: true
  ifMissing?: true
  else?: { code: Code; message: string; details?: object }
}

export interface Page<T> { docs: T[]; next: string | null; count?: number }
export interface FindOptions { after?: string | null; count?: boolean; signal?: AbortSignal }

/** Immutable; two queries with equal text are one subscription on one socket. */
export interface Query<T> {
  /** ANDed with what is there. */
  where(w: Where<T>): Query<T>
  /** 'rank', '-_createdAt' */
  orderBy(...keys: SortKey<T>[]): Query<T>
  limit(n: number): Query<T>
  find(o?: FindOptions): Promise<Page<T>>
  first(): Promise<T | null>
  count(): Promise<number>
  /** Cold: opens with its first subscriber, stays 5 s after the last. */
  live(): Live<T[]>
}

export interface Collection<C extends CollectionType> extends Query<Row<C>> {
  /** null = not there or not yours; never throws not_found. */
  get(id: string): Promise<Row<C> | null>
  doc(id: string): { live(): Live<Row<C> | null> }
  create(d: New<C>): Promise<Row<C>>
  set(id: string, d: New<C>, g?: Guard<Row<C>>): Promise<Row<C>>
  update(id: string, p: Patch<C>, g?: Guard<Row<C>>): Promise<Row<C>>
  delete(id: string, g?: Guard<Row<C>>): Promise<void>
}

export type Status = 'loading' | 'cached' | 'live' | 'stale' | 'error'
export interface Change { type: 'added' | 'changed' | 'removed'; id: string; at?: number }
export interface Result<T> { data: T; status: Status; error?: HutchError; hasMore: boolean; changes: Change[] }

/** Fits useSyncExternalStore, Svelte's store contract, Solid, Vue and RxJS as it is. */
export interface Live<T> {
  readonly current: Result<T>
  /** Called at once, then once a commit. Returns the end of it. */
  subscribe(f: (r: Result<T>) => void): () => void
  /** The first result; rejects with HutchError when refused. */
  readonly ready: Promise<T>
}

export interface Batch<A extends AppType> {
  create<N extends keyof A['collections'] & string>(c: N, d: New<A['collections'][N]>): this
  set<N extends keyof A['collections'] & string>(c: N, id: string, d: New<A['collections'][N]>, g?: Guard<Row<A['collections'][N]>>): this
  update<N extends keyof A['collections'] & string>(c: N, id: string, p: Patch<A['collections'][N]>, g?: Guard<Row<A['collections'][N]>>): this
  delete<N extends keyof A['collections'] & string>(c: N, id: string, g?: Guard<Row<A['collections'][N]>>): this
  /** All or nothing. */
  commit(): Promise<void>
}

/** Where the session is kept; may be asynchronous. */
export interface Storage { get(k: string): unknown; set(k: string, v: string): unknown; delete(k: string): unknown }

export interface Options {
  storage?: Storage
  /** Replaces signing in, e.g. with a service key on a server. */
  token?: () => Promise<string | null>
  /** Go with every request over HTTP. */
  headers?: Record<string, string>
}

export interface Hutch<A extends AppType> {
  readonly auth: Auth<A['providers'] extends string ? A['providers'] : string>
  collection<N extends keyof A['collections'] & string>(name: N): Collection<A['collections'][N]>
  batch(): Batch<A>
  /** A key is made and kept over retries; `key` keeps one over a reload. */
  call<N extends keyof A['functions'] & string>(name: N, data: A['functions'][N]['in'], o?: { key?: string; signal?: AbortSignal }): Promise<A['functions'][N]['out']>
  /** Own routes, with the token. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  newId(): string
  close(): void
}
