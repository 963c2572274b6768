import type { Auth, AuthChange, Storage, User } from './types.ts'
import type { Transport } from './transport.ts'
import { HutchError } from './error.ts'
import { exclusively } from './storage.ts'

/** A session as /auth answers it. */
interface Session {
  access_token: string
  refresh_token: string
  expires_in: number
  user: WireUser
  /** By this machine's clock, in ms: noted when the session arrived. */
  until?: number
}

interface WireUser {
  id: string
  email?: string
  email_confirmed_at?: string | null
  is_anonymous?: boolean
  app_metadata?: Record<string, unknown> & { roles?: string[] }
  user_metadata?: Record<string, unknown>
}

/** How long before its end a token is refreshed: a minute, or a fifth of a short life. */
function early(s: Session): number {
  return Math.min(60_000, s.expires_in * 200)
}

const ended = ['refresh_token_not_found', 'refresh_token_already_used', 'session_not_found', 'session_expired', 'user_banned', 'user_not_found', 'bad_jwt', 'unauthenticated']

/** Sign-in, the session's life, and what other tabs do with it. */
export class AuthOf implements Auth {
  user: User | null | undefined = undefined
  readonly ready: Promise<User | null>
  /** Told of every new token and of its absence: the socket. */
  onToken: (token: string | null, user: User | null) => void = () => {}

  private session: Session | null = null
  private readonly listeners = new Set<(u: User | null, why: AuthChange) => unknown>()
  private readonly t: Transport
  private readonly storage: Storage
  private readonly key: string
  private readonly fixed: (() => Promise<string | null>) | undefined
  private readonly channel: BroadcastChannel | undefined
  private refreshing: { of: string; token: Promise<string | null> } | undefined

  constructor(t: Transport, storage: Storage, fixed?: () => Promise<string | null>) {
    this.t = t
    this.storage = storage
    this.fixed = fixed
    this.key = 'hutch.session.' + t.url
    if (typeof BroadcastChannel !== 'undefined' && typeof document !== 'undefined') {
      this.channel = new BroadcastChannel(this.key)
      this.channel.onmessage = () => void this.reload()
    }
    this.ready = this.start()
  }

  onAuthStateChange(f: (u: User | null, why: AuthChange) => unknown): () => void {
    this.listeners.add(f)
    void this.ready.then(u => {
      if (this.listeners.has(f)) call(f, u, 'initial')
    })
    return () => void this.listeners.delete(f)
  }

  async signUp(c: { email: string; password: string; profile?: object }): Promise<{ user: User; confirm: boolean }> {
    const body = { email: c.email, password: c.password, ...(c.profile && { data: c.profile }) }
    const a = await this.send('POST', 'signup', body)
    const s = a as Session & WireUser
    if (!s.access_token) return { user: userOf(s), confirm: true }
    await this.take(s, 'in')
    return { user: userOf(s.user), confirm: false }
  }

  async signInWithPassword(c: { email: string; password: string }): Promise<User> {
    const s = await this.send('POST', 'token?grant_type=password', { email: c.email, password: c.password }) as Session
    await this.take(s, 'in')
    return userOf(s.user)
  }

  async update(c: { password?: string; currentPassword?: string; profile?: object }): Promise<User> {
    const body = {
      ...(c.password !== undefined && { password: c.password }),
      ...(c.currentPassword !== undefined && { current_password: c.currentPassword }),
      ...(c.profile && { data: c.profile }),
    }
    const user = (await this.t.send({ method: 'PUT', path: '/auth/v1/user', body })).body as WireUser
    await exclusively(this.storage, this.key + '.refresh', async () => {
      const s = await this.read() ?? this.session // another tab may have refreshed
      if (s?.user.id === user.id && this.session?.user.id === user.id) await this.take({ ...s, user }, 'changed')
    })
    return userOf(user)
  }

  async signOut(scope: 'here' | 'others' | 'everywhere' = 'here'): Promise<void> {
    const wire = { here: 'local', others: 'others', everywhere: 'global' }[scope]
    const token = this.session?.access_token ?? null
    if (scope !== 'others') await this.drop('out') // signed out here whatever the server says
    if (!token) return
    try {
      await this.t.send({ method: 'POST', path: '/auth/v1/logout?scope=' + wire, token })
    } catch (e) {
      if (scope === 'here' || HutchError.is(e, 'unauthenticated', 'bad_jwt', 'session_not_found')) return
      throw e
    }
  }

  /** `refused` is a token that the server did not take: another one is given. */
  async token(o: { fresh?: boolean; refused?: string } = {}): Promise<string | null> {
    if (this.fixed) {
      const t = await this.fixed()
      if (t?.startsWith('hutch_sk_') && typeof document !== 'undefined') {
        throw new HutchError('failed_precondition', 'a service key does not belong in a browser')
      }
      return t
    }
    await this.ready
    const s = this.session
    if (!s) return null
    if (!o.fresh && s.access_token !== o.refused && (s.until ?? 0) - early(s) > Date.now()) return s.access_token
    return this.refresh(s)
  }

  /** Milliseconds until the token should be refreshed; null when there is none. */
  get due(): number | null {
    const s = this.session
    return s ? Math.max(0, (s.until ?? 0) - early(s) - Date.now()) : null
  }

  close(): void {
    this.channel?.close()
    this.listeners.clear()
  }

  /** One refresh of a session for all callers and all tabs. */
  private refresh(old: Session): Promise<string | null> {
    if (this.refreshing?.of === old.refresh_token) return this.refreshing.token
    const token = exclusively(this.storage, this.key + '.refresh', () => this.renew(old)).finally(() => {
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
      const s = await this.send('POST', 'token?grant_type=refresh_token', { refresh_token: old.refresh_token }) as Session
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

  private async send(method: string, path: string, body: object): Promise<unknown> {
    return (await this.t.send({ method, path: '/auth/v1/' + path, body, token: null })).body
  }

  private async start(): Promise<User | null> {
    this.session = this.fixed ? null : await this.read()
    this.user = this.session ? userOf(this.session.user) : null
    return this.user
  }

  private async read(): Promise<Session | null> {
    try {
      const s = JSON.parse(String(await this.storage.get(this.key) ?? 'null')) as Session | null
      return s && typeof s.access_token === 'string' && typeof s.refresh_token === 'string' && s.user ? s : null
    } catch {
      return null
    }
  }

  /** Another tab changed the session. */
  private async reload(): Promise<void> {
    const s = await this.read()
    if (s?.access_token === this.session?.access_token) return
    if (s) await this.take(s, this.session ? 'changed' : 'in', false)
    else await this.drop('out', false)
  }

  private async take(s: Session, why: AuthChange, tell = true): Promise<void> {
    await this.ready
    if (tell) {
      if (s.access_token !== this.session?.access_token) s.until = Date.now() + s.expires_in * 1000
      await this.storage.set(this.key, JSON.stringify(s))
    }
    const before = this.user
    this.session = s
    this.user = userOf(s.user)
    this.onToken(s.access_token, this.user)
    if (tell) this.channel?.postMessage('')
    if (before?.uid !== this.user.uid) this.emit(why === 'changed' ? 'in' : why)
    else if (why !== 'changed' || JSON.stringify(before) !== JSON.stringify(this.user)) this.emit(why)
  }

  private async drop(why: AuthChange, tell = true): Promise<void> {
    await this.ready
    const had = this.session !== null
    this.session = null
    this.user = null
    if (tell) await this.storage.delete(this.key)
    if (!had) return
    this.onToken(null, null)
    if (tell) this.channel?.postMessage('')
    this.emit(why)
  }

  private emit(why: AuthChange): void {
    for (const f of [...this.listeners]) call(f, this.user ?? null, why)
  }
}

/** Outside all locks, and what it throws is its own affair. */
function call(f: (u: User | null, why: AuthChange) => unknown, u: User | null, why: AuthChange): void {
  queueMicrotask(() => {
    Promise.resolve().then(() => f(u, why)).catch(e => setTimeout(() => { throw e }))
  })
}

function userOf(u: WireUser): User {
  const { roles, provider: _, providers: __, ...claims } = u.app_metadata ?? {}
  const verified = Boolean(u.email_confirmed_at)
  return {
    uid: u.id,
    email: u.email || null,
    emailVerified: verified,
    anonymous: u.is_anonymous ?? false,
    roles: roles ?? [],
    claims,
    profile: u.user_metadata ?? {},
  }
}
