import type { AuthChange, Storage, User } from './types.ts'
import type { Transport } from './transport.ts'
import { HutchError } from './error.ts'
import { exclusively } from './storage.ts'

/** A session as /auth answers it. */
export interface Session {
  access_token: string
  refresh_token: string
  expires_in: number
  user: WireUser
  /** By this machine's clock, in ms: noted when the session arrived, so that a clock that is wrong does not matter. */
  until?: number
  /** Tells the next sign-in by password that this device is known. */
  device_token?: string
}

export interface WireUser {
  id: string
  email?: string
  email_confirmed_at?: string | null
  is_anonymous?: boolean
  app_metadata?: Record<string, unknown> & { roles?: string[] }
  user_metadata?: Record<string, unknown>
  factors?: { status: string }[]
}

/** What parts that are loaded later need of sign-in. */
export interface Wire {
  /** token: undefined is the session's, null none. */
  ask(method: string, path: string, body?: object, token?: string | null): Promise<unknown>
  /** Begins the session of an answer. */
  enter(answer: unknown): Promise<User>
  /** Goes on with this session by a POST that answers its next tokens. */
  renewed(path: string, body: object): Promise<User>
  token(o?: { fresh?: boolean }): Promise<string | null>
  readonly user: User | null | undefined
}

export type Listener = (u: User | null, why: AuthChange) => unknown

/** How long before its end a token is refreshed: a minute, or a fifth of a short life. */
function early(s: Session): number {
  return Math.min(60_000, s.expires_in * 200)
}

/** Whether a token may be used for a while yet. */
export function fresh(s: Session): boolean {
  return (s.until ?? 0) - early(s) > Date.now()
}

const ended = ['refresh_token_not_found', 'refresh_token_already_used', 'session_not_found', 'session_expired', 'user_banned', 'user_not_found', 'bad_jwt', 'unauthenticated']

/** Keeps the session: in the storage, fresh, and the same in all tabs. */
export class Keeper {
  /** undefined until the client is ready. */
  user: User | null | undefined = undefined
  session: Session | null = null
  readonly key: string
  /** The session of the storage is known. */
  readonly loaded: Promise<void>
  /** Told of every new token and of its absence: the socket. */
  onToken: (token: string | null, user: User | null) => void = () => {}
  readonly listeners = new Set<Listener>()
  readonly storage: Storage

  private readonly t: Transport
  private readonly channel: BroadcastChannel | undefined
  private refreshing: { of: string; token: Promise<string | null> } | undefined
  private started = false
  private saved: Promise<unknown> = Promise.resolve()
  /** What another tab wrote may come in later than its word of it. */
  private readonly stored = (e: StorageEvent) => void (e.key === this.key && this.reload())
  private readonly seen = () => void (document.visibilityState === 'visible' && this.reload())

  constructor(t: Transport, storage: Storage, empty: boolean) {
    this.t = t
    this.storage = storage
    this.key = 'hutch.session.' + t.url
    if (typeof document !== 'undefined') {
      document.addEventListener('visibilitychange', this.seen) // a tab that slept may have missed what others did
      addEventListener('storage', this.stored)
      if (typeof BroadcastChannel !== 'undefined') {
        this.channel = new BroadcastChannel(this.key)
        this.channel.onmessage = () => void this.reload()
      }
    }
    this.loaded = (empty ? Promise.resolve(null) : this.read()).then(s => void (this.session = s))
  }

  /** Where the mark of this device stays when the session ends. */
  get device(): string {
    return this.key + '.device'
  }

  /** From here on there is a user or none, and listeners hear of changes. */
  start(): User | null {
    this.started = true
    return this.user = this.session && userOf(this.session)
  }

  /** `refused` is a token that the server did not take: another one is given. */
  async token(o: { fresh?: boolean; refused?: string } = {}): Promise<string | null> {
    await this.loaded
    const s = this.session
    if (!s) return null
    if (!o.fresh && s.access_token !== o.refused && fresh(s)) return s.access_token
    return this.refresh(s)
  }

  /** Milliseconds until the token should be refreshed; null when there is none. */
  get due(): number | null {
    const s = this.session
    return s ? Math.max(0, (s.until ?? 0) - early(s) - Date.now()) : null
  }

  /** A session that the server began, or went on with. */
  async take(s: Session, why: AuthChange, tell = true): Promise<void> {
    await this.loaded
    if (tell) {
      if (s.access_token !== this.session?.access_token) s.until = Date.now() + s.expires_in * 1000
      const { device_token } = s
      if (device_token) await this.save(() => this.storage.set(this.device, device_token))
      await this.save(() => this.storage.set(this.key, JSON.stringify(s)))
    }
    const before = this.session && userOf(this.session)
    const user = userOf(s)
    this.session = s
    if (this.started) this.user = user
    this.onToken(s.access_token, user)
    if (tell) this.channel?.postMessage('')
    if (before?.uid !== user.uid) this.emit(why === 'changed' ? 'in' : why)
    else if (why !== 'changed' || JSON.stringify(before) !== JSON.stringify(user)) this.emit(why)
  }

  async drop(why: AuthChange, tell = true): Promise<void> {
    await this.loaded
    const had = this.session !== null
    this.session = null
    if (this.started) this.user = null
    if (tell) await this.save(() => this.storage.delete(this.key))
    if (!had) return
    this.onToken(null, null)
    if (tell) this.channel?.postMessage('')
    this.emit(why)
  }

  /** The server changed the user of this session. */
  async change(user: WireUser): Promise<void> {
    await this.alone(async () => {
      const s = await this.read() ?? this.session // another tab may have refreshed
      if (s?.user.id === user.id && this.session?.user.id === user.id) await this.take({ ...s, user }, 'changed')
    })
  }

  /** While f runs no tab refreshes. */
  alone<T>(f: () => Promise<T>): Promise<T> {
    return exclusively(this.storage, this.key + '.refresh', f)
  }

  close(): void {
    this.channel?.close()
    if (typeof document !== 'undefined') {
      document.removeEventListener('visibilitychange', this.seen)
      removeEventListener('storage', this.stored)
    }
    this.listeners.clear()
  }

  /** One refresh of a session for all callers and all tabs. */
  private refresh(old: Session): Promise<string | null> {
    if (this.refreshing?.of === old.refresh_token) return this.refreshing.token
    const token = this.alone(() => this.renew(old)).finally(() => {
      if (this.refreshing?.token === token) this.refreshing = undefined
    })
    this.refreshing = { of: old.refresh_token, token }
    return token
  }

  private async renew(old: Session): Promise<string | null> {
    const gone = () => this.session?.refresh_token !== old.refresh_token // signed out, or somebody else, meanwhile
    if (gone()) return this.session?.access_token ?? null
    const stored = await this.read()
    if (gone()) return this.session?.access_token ?? null
    if (!stored) {
      await this.drop('out', false)
      return null
    }
    if (stored.refresh_token !== old.refresh_token) { // another tab did
      await this.take(stored, 'changed', false)
      return stored.access_token
    }
    try {
      const s = await refreshed(this.t, old)
      if (gone()) return this.session?.access_token ?? null
      await this.take(s, 'changed')
      return s.access_token
    } catch (e) {
      if (gone()) return this.session?.access_token ?? null
      if (HutchError.is(e, ...ended)) {
        await this.drop('expired')
        return null
      }
      if ((old.until ?? 0) > Date.now()) return old.access_token // still good; the network will come back
      throw e
    }
  }

  private async read(): Promise<Session | null> {
    try {
      const s = JSON.parse(String(await this.storage.get(this.key) ?? 'null')) as Session | null
      return s && typeof s.access_token === 'string' && typeof s.refresh_token === 'string' && s.user ? s : null
    } catch {
      return null
    }
  }

  private save(f: () => unknown): Promise<unknown> {
    const done = Promise.resolve().then(f)
    this.saved = done.catch(() => {})
    return done
  }

  /** Another tab may have changed the session. */
  private async reload(): Promise<void> {
    await this.loaded
    await this.saved
    const s = await this.read()
    if (s?.access_token === this.session?.access_token) return
    if (s) await this.take(s, this.session ? 'changed' : 'in', false)
    else await this.drop('out', false)
  }

  private emit(why: AuthChange): void {
    if (!this.started) return // `initial` will tell
    for (const f of [...this.listeners]) tell(f, this.user ?? null, why)
  }
}

/** The session's next tokens. */
export async function refreshed(t: Transport, s: Session): Promise<Session> {
  const body = { refresh_token: s.refresh_token }
  return (await t.send({ method: 'POST', path: '/auth/v1/token?grant_type=refresh_token', body, token: null })).body as Session
}

/** Outside all locks, and what it throws is its own affair. */
export function tell(f: Listener, u: User | null, why: AuthChange): void {
  queueMicrotask(() => {
    Promise.resolve().then(() => f(u, why)).catch(e => setTimeout(() => { throw e }))
  })
}

/** The user of a session; without its token, of an account. */
export function userOf({ user: u, access_token: token }: Pick<Session, 'user'> & Partial<Session>): User {
  const aal = token && claimsOf(token).aal === 'aal2' ? 'aal2' : 'aal1'
  const { roles, provider: _, providers: __, ...claims } = u.app_metadata ?? {}
  return {
    uid: u.id,
    email: u.email || null,
    emailVerified: Boolean(u.email_confirmed_at),
    anonymous: u.is_anonymous ?? false,
    roles: roles ?? [],
    claims,
    profile: u.user_metadata ?? {},
    aal,
    needsFactor: aal === 'aal1' && u.factors?.some(f => f.status === 'verified') === true,
  }
}

/** What a token says: to show, never to trust. */
function claimsOf(token: string): { aal?: string } {
  try {
    return JSON.parse(atob((token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/'))) as { aal?: string }
  } catch {
    return {}
  }
}
