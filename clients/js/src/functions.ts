/**
 * What server code imports: fn, HutchError, and testCtx for unit tests off the
 * server. On the server fn and HutchError are the runtime's own.
 */
import type { Code } from './error.ts'
import type { Guard, Page, System } from './types.ts'
import { HutchError as ClientError } from './error.ts'
import { newId } from './values.ts'

/** The caller, as rules see it; null for guests and service keys. */
export interface Caller {
  uid: string
  email: string | null
  emailVerified: boolean
  anonymous: boolean
  role: string
  roles: string[]
  claims: Record<string, unknown>
  aal: string
  provider: string
  actor: string | null
}

interface Common { id: string; time: Date; attempt: number; auth: Caller | null }
export interface CallEvent<In = any> extends Common { type: 'call'; data: In }
export interface HTTPEvent extends Common {
  type: 'http'
  request: {
    method: string
    path: string
    params: Record<string, string>
    query: Record<string, any>
    headers: Record<string, string>
    body: any
    rawBody: Uint8Array
    ip: string
  }
}
export interface BeforeEvent<Doc = any> extends Common {
  type: 'before.create' | 'before.update' | 'before.delete'
  collection: string
  before: (Doc & System) | null
  after: Doc
}

/** An account as GET user shows it. */
export interface AuthUser {
  id: string
  email: string
  email_confirmed_at?: string
  last_sign_in_at?: string
  banned_until?: string
  app_metadata: Record<string, any> & { provider: string; providers: string[]; roles: string[] }
  user_metadata: Record<string, any>
  identities: { id: string; provider: string; identity_data: Record<string, any> }[]
  is_anonymous: boolean
  created_at: string
  updated_at: string
}

/** Of the trigger auth. Before: a throw refuses, what is returned is AuthChange. */
export interface AuthEvent extends Common {
  type: 'auth.beforeSignUp' | 'auth.beforeSignIn' | 'auth.beforeToken' | 'auth.afterSignUp' | 'auth.afterDelete'
  user: AuthUser
  /** How the session begins: password, otp, oauth, recovery... */
  method?: string
  provider?: string
  /** Of beforeSignUp and beforeSignIn. */
  ip?: string
  /** Of beforeToken, as is aal; claims are those that functions before added. */
  session?: string
  aal?: string
  claims?: Record<string, unknown>
}

/** What functions before a sign-up or sign-in, or before a token, may return. */
export type AuthChange = { app_metadata?: object; user_metadata?: object } | { claims?: object } | void

/** The wire's query, without from. */
export interface FindQuery {
  where?: object
  orderBy?: (string | [string, 'asc' | 'desc'])[]
  limit?: number
  after?: string
  select?: string[]
  count?: boolean
}
/** track: false leaves a read out of what the commit validates. */
export interface ReadOptions { track?: boolean }
/** lock: true holds a document that is read and not written until the commit, on MongoDB too. */
export interface GetOptions extends ReadOptions { lock?: boolean }

type Stored = Record<string, any> & { _id: string }

/** Reads are of one snapshot; writes are buffered and judged at the commit. */
export interface DB {
  get(collection: string, id: string, o?: GetOptions): Promise<Stored | null>
  getMany(collection: string, ids: string[], o?: GetOptions): Promise<(Stored | null)[]>
  find(collection: string, query?: FindQuery, o?: ReadOptions): Promise<Page<Stored>>
  first(collection: string, query?: FindQuery, o?: ReadOptions): Promise<Stored | null>
  count(collection: string, query?: FindQuery): Promise<number>
  create(collection: string, doc: object, guard?: Guard<any>): Stored
  set(collection: string, id: string, doc: object, guard?: Guard<any>): void
  update(collection: string, id: string, patch: object, guard?: Guard<any>): void
  delete(collection: string, id: string, guard?: Guard<any>): void
}

/** The users of the app, without hashes, tokens and secrets. Changes are of the run's commit. */
export interface Users {
  /** By id or address, as everywhere here; null where there is none. */
  getUser(user: string): Promise<AuthUser | null>
  /** filter is an address, or a part of address or name; after is the id of the last user of the page before. */
  findUsers(query?: { filter?: string; role?: string; banned?: boolean; limit?: number; after?: string }): Promise<AuthUser[]>
  createUser(user: {
    email: string
    password?: string
    password_hash?: string
    email_confirm?: boolean
    roles?: string[]
    app_metadata?: object
    user_metadata?: object
  }): Promise<AuthUser>
  invite(email: string, o?: { data?: object; redirectTo?: string }): Promise<AuthUser>
  setRoles(user: string, roles: string[]): Promise<AuthUser>
  /** Merged into app_metadata; null removes. */
  setClaims(user: string, claims: object): Promise<AuthUser>
  /** Until a time; null lifts the ban. */
  ban(user: string, until: Date | null): Promise<AuthUser>
  /** Ends all sessions. */
  revoke(user: string): Promise<void>
}

/** A mail of the app's own: subject and text, or a template of the app with its data. */
export type OwnMail = { to: string | string[]; key?: string } & (
  | { subject: string; text: string; html?: string }
  | { template: string; data?: Record<string, unknown> }
)

export interface Ctx {
  /** As the caller, under rules. */
  db: DB
  /** Without rules; there with `admin: true`. */
  admin: { db: DB }
  /** There with `admin: true`. */
  auth: Users
  /** Sent once the run's commit is there, a mail to each address. */
  mail: { send(mail: OwnMail): Promise<void> }
  log: { debug(...a: unknown[]): void; info(...a: unknown[]): void; warn(...a: unknown[]): void; error(...a: unknown[]): void }
  signal: AbortSignal
  /** Milliseconds until the deadline. */
  remaining(): number
  /** Another function of the app as the same caller, in the same commit. */
  call(name: string, data?: unknown): Promise<any>
}

type EventOf<K> = K extends 'http' ? HTTPEvent : K extends 'before' ? BeforeEvent : K extends 'auth' ? AuthEvent : CallEvent
type Handler<E> = (event: E, ctx: Ctx) => unknown

/** Types a function's handler; it is the handler itself. */
export function fn<K extends string = 'call'>(handler: Handler<EventOf<K>>): Handler<EventOf<K>> {
  return handler
}

export const HutchError: typeof ClientError = (globalThis as { HutchError?: typeof ClientError }).HutchError ?? ClientError
export type HutchError = ClientError
export type { Code }

/** A write that a tested function buffered. */
export interface TestWrite { op: 'create' | 'set' | 'update' | 'delete'; in: string; id: string; data?: object; guard?: object }

/**
 * A ctx over plain documents for unit tests: {docs: {pets: {p1: {..}}}}. Reads by
 * id and by equality; writes are listed in `writes`, mails in `mails`, and not carried out.
 */
export function testCtx(o: { docs?: Record<string, Record<string, object>> } = {}): Ctx & { writes: TestWrite[]; mails: OwnMail[] } {
  const writes: TestWrite[] = []
  const mails: OwnMail[] = []
  const rows = (c: string): Stored[] => Object.entries(o.docs?.[c] ?? {}).map(([_id, d]) => ({ ...d, _id }))
  const matching = (c: string, q: FindQuery = {}): Stored[] =>
    rows(c).filter(d => Object.entries(q.where ?? {}).every(([k, v]) => {
      if (k.startsWith('$') || typeof v === 'object' && v !== null) throw new HutchError('unimplemented', 'testCtx filters by equality only')
      return d[k] === v
    }))
  const add = (op: TestWrite['op'], c: string, id: string, data?: object, guard?: object) => {
    writes.push({ op, in: c, id, ...(data && { data }), ...(guard && { guard }) })
  }
  const db: DB = {
    get: async (c, id) => rows(c).find(d => d._id === id) ?? null,
    getMany: async (c, ids) => ids.map(id => rows(c).find(d => d._id === id) ?? null),
    find: async (c, q = {}) => {
      const all = matching(c, q)
      return { docs: all.slice(0, q.limit ?? 20), next: null, ...(q.count && { count: all.length }) }
    },
    first: async (c, q) => matching(c, q)[0] ?? null,
    count: async (c, q) => matching(c, q).length,
    create(c, d, g) {
      const doc = { ...d, _id: (d as { _id?: string })._id ?? newId() }
      add('create', c, doc._id, d, g)
      return doc
    },
    set: (c, id, d, g) => add('set', c, id, d, g),
    update: (c, id, d, g) => add('update', c, id, d, g),
    delete: (c, id, g) => add('delete', c, id, undefined, g),
  }
  const quiet = () => {}
  return {
    db,
    admin: { db },
    mail: { send: async m => void mails.push(m) },
    auth: new Proxy({} as Users, {
      get: (_, name) => async () => {
        throw new HutchError('unimplemented', `testCtx has no auth.${String(name)}`, { hint: 'give the function a ctx.auth of your own' })
      },
    }),
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    signal: new AbortController().signal,
    remaining: () => 10_000,
    call: async name => {
      throw new HutchError('not_found', `testCtx has no function ${name}`)
    },
    writes,
    mails,
  }
}
