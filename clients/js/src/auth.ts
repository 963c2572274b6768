import type { Auth, AuthChange, AuthSettings, Device, FlowType, Identity, Mfa, OAuthOptions, Passkeys, Returned, Solved, User } from './types.ts'
import type { Transport } from './transport.ts'
import { newSecret } from './challenge.ts'
import { HutchError } from './error.ts'
import { cameBack, Flows, query, type Begun } from './flow.ts'
import { lazily } from './lazy.ts'
import { fresh, Keeper, refreshed, tell, userOf, type Listener, type Session, type Wire, type WireUser } from './session.ts'
import { handOver, opener, popupMark } from './window.ts'

/** Sign-in: what begins, changes and ends a session. */
export class AuthOf implements Auth, Wire {
  readonly ready: Promise<User | null>
  readonly returned: Promise<Returned | null>

  readonly mfa = lazily<Mfa>(async () => new (await import('./factors.ts')).Factors(this))
  readonly passkeys = lazily<Passkeys>(async () => new (await import('./passkeys.ts')).PasskeysOf(this))

  private readonly t: Transport
  private readonly keeper: Keeper
  private readonly flows: Flows
  private readonly fixed: (() => Promise<string | null>) | undefined

  constructor(t: Transport, keeper: Keeper, fixed?: () => Promise<string | null>) {
    this.t = t
    this.keeper = keeper
    this.fixed = fixed
    this.flows = new Flows(keeper.storage, 'hutch.flows.' + t.url)
    this.returned = this.arrive()
    this.ready = this.returned.then(() => keeper.start())
  }

  get user(): User | null | undefined {
    return this.keeper.user
  }

  onAuthStateChange(f: Listener): () => void {
    this.keeper.listeners.add(f)
    void this.ready.then(u => {
      if (this.keeper.listeners.has(f)) tell(f, u, 'initial')
    })
    return () => void this.keeper.listeners.delete(f)
  }

  async settings(): Promise<AuthSettings> {
    const s = await this.ask('GET', 'settings', undefined, null) as {
      external: Record<string, boolean>; disable_signup: boolean; mailer_autoconfirm: boolean; mailer_otp_enabled?: boolean
    }
    const { email: _, phone: __, anonymous_users: anonymous = false, ...providers } = s.external
    return {
      providers: Object.keys(providers).filter(p => providers[p]),
      signUp: !s.disable_signup, confirmEmail: !s.mailer_autoconfirm, otp: s.mailer_otp_enabled ?? false, anonymous,
    }
  }

  async signUp(c: { email: string; password: string; profile?: object; redirectTo?: string } & Solved): Promise<{ user: User; confirm: boolean }> {
    const flow = await this.flows.begin('signup', c.redirectTo, c.email)
    const body = { email: c.email, password: c.password, data: c.profile, ...challenge(flow), ...solved(c) }
    const a = await this.ask('POST', 'signup' + redirect(flow), body, null) as Session & WireUser
    if (!a.access_token) return { user: userOf({ user: a }), confirm: true }
    if (flow) await this.flows.take(flow.id)
    return { user: await this.enter(a), confirm: false }
  }

  async signInWithPassword(c: { email: string; password: string } & Solved): Promise<User> {
    return this.enter(await this.ask('POST', 'token?grant_type=password', {
      email: c.email, password: c.password, device_token: await this.keeper.storage.get(this.keeper.device) ?? undefined, ...solved(c),
    }, null))
  }

  async signInAnonymously(c: { profile?: object } & Solved = {}): Promise<User> {
    return this.enter(await this.ask('POST', 'signup', { data: c.profile, ...solved(c) }, null))
  }

  signInWithOAuth(provider: string, o: OAuthOptions = {}): Promise<User> {
    return this.leave('oauth', o, async flow => this.t.url + '/auth/v1/authorize?' + query({ provider, ...asked(o), ...flow }))
  }

  async signInWithIdToken(c: { provider: string; token: string; nonce?: string; accessToken?: string }): Promise<User> {
    const body = { provider: c.provider, id_token: c.token, nonce: c.nonce, access_token: c.accessToken }
    return this.enter(await this.ask('POST', 'token?grant_type=id_token', body, null))
  }

  async signInWithOtp(email: string, o: { create?: boolean; profile?: object; redirectTo?: string } & Solved = {}): Promise<void> {
    await this.mail('otp', 'magiclink', o, { email, create_user: o.create, data: o.profile })
  }

  async verifyOtp(c: { email: string; code: string; type?: string; password?: string } | { tokenHash: string; type: string; password?: string }): Promise<User> {
    const what = 'email' in c
      ? { type: c.type ?? 'email', email: c.email, token: c.code, code_verifier: await this.flows.verifierOf(c.email) }
      : { type: c.type, token_hash: c.tokenHash }
    return this.enter(await this.ask('POST', 'verify', { ...what, password: c.password }, null))
  }

  async follow(url: string): Promise<Returned | null> {
    const came = cameBack(url)
    const waits = !came?.code && !came?.error // for the other mail of a change of address
    const flow = came && await this.flows.take(came.id, waits)
    if (!flow) return null // not begun here: whoever made the address may have signed in as themselves
    if (url === globalThis.location?.href) {
      globalThis.history.replaceState(globalThis.history.state, '', came.clean.includes('#') ? came.clean : came.clean + flow.hash)
    }
    try {
      if (came.error) throw came.error
      if (waits) return { type: flow.type }
      const body = { auth_code: came.code, code_verifier: flow.verifier }
      return { type: flow.type, user: await this.enter(await this.ask('POST', 'token?grant_type=pkce', body, null), flow.type === 'link' ? 'changed' : 'in') }
    } catch (e) {
      return { type: flow.type, error: e as HutchError }
    }
  }

  async resetPassword(email: string, o: { redirectTo?: string } & Solved = {}): Promise<void> {
    await this.mail('recover', 'recovery', o, { email })
  }

  async resend(c: { email: string; type: 'signup' | 'email_change'; redirectTo?: string } & Solved): Promise<void> {
    await this.mail('resend', c.type, c, { email: c.email, type: c.type })
  }

  async reauthenticate(): Promise<void> {
    await this.ask('GET', 'reauthenticate')
  }

  async update(c: { email?: string; password?: string; currentPassword?: string; nonce?: string; profile?: object; redirectTo?: string }): Promise<User> {
    const flow = c.email === undefined ? undefined : await this.flows.begin('email_change', c.redirectTo, c.email)
    const body = { email: c.email, password: c.password, current_password: c.currentPassword, nonce: c.nonce, data: c.profile, ...challenge(flow) }
    const user = await this.ask('PUT', 'user' + redirect(flow), body) as WireUser
    await this.keeper.change(user)
    return userOf({ ...this.keeper.session, user })
  }

  async identities(): Promise<Identity[]> {
    return (await import('./account.ts')).identities(this)
  }

  linkIdentity(provider: string, o: OAuthOptions = {}): Promise<User> {
    return this.leave('link', o, async flow => {
      const path = 'user/identities/authorize?' + query({ provider, skip_http_redirect: true, ...asked(o), ...flow })
      return (await this.ask('GET', path) as { url: string }).url
    })
  }

  async unlinkIdentity(id: string): Promise<void> {
    await this.ask('DELETE', 'user/identities/' + encodeURIComponent(id))
  }

  async sessions(): Promise<Device[]> {
    return (await import('./account.ts')).sessions(this)
  }

  async endSession(id: string): Promise<void> {
    await this.ask('DELETE', 'sessions/' + encodeURIComponent(id))
  }

  async deleteUser(): Promise<void> {
    await this.ask('DELETE', 'user')
    await this.keeper.drop('out')
  }

  async signOut(scope: 'here' | 'others' | 'everywhere' = 'here'): Promise<void> {
    const wire = { here: 'local', others: 'others', everywhere: 'global' }[scope]
    await this.keeper.loaded
    const s = this.keeper.session
    if (scope !== 'others') await this.keeper.drop('out') // signed out here whatever the server says
    if (!s) return
    try {
      const token = scope === 'others' ? await this.token() : fresh(s) ? s.access_token : (await refreshed(this.t, s)).access_token
      await this.ask('POST', 'logout?scope=' + wire, undefined, token)
    } catch (e) {
      if (scope !== 'here' && !HutchError.is(e, 'unauthenticated', 'bad_jwt', 'session_not_found')) throw e
    }
  }

  /** `refused` is a token that the server did not take: another one is given. */
  async token(o: { fresh?: boolean; refused?: string } = {}): Promise<string | null> {
    if (!this.fixed) return this.ready.then(() => this.keeper.token(o))
    const t = await this.fixed()
    if (t?.startsWith('hutch_sk_') && typeof document !== 'undefined') {
      throw new HutchError('failed_precondition', 'a service key does not belong in a browser')
    }
    return t
  }

  /** The page is opened: with a session of before, or by a flow that comes back to it. */
  private async arrive(): Promise<Returned | null> {
    await this.keeper.loaded
    const url = globalThis.location?.href
    const came = url && !this.fixed && cameBack(url)
    if (!came) return null
    if (await handOver(came.id, url)) return new Promise(() => {}) // the window is closing
    return this.follow(url)
  }

  /** Sends a person away and goes on where they come back. */
  private async leave(type: FlowType, o: OAuthOptions, address: (flow: object) => Promise<string>): Promise<User> {
    const id = (o.popup ? popupMark : '') + newSecret()
    const open = opener(id, o)
    const flow = await this.flows.begin(type, o.redirectTo, undefined, id)
    if (!flow) throw new HutchError('invalid_argument', 'outside a page the flow needs an address to come back to', { field: 'redirectTo' })
    const back = await open(await address({ redirect_to: flow.redirect_to, ...challenge(flow) }))
    const r = back ? await this.follow(back) : await this.flows.take(id) && null
    if (r?.user) return r.user
    throw r?.error ?? new HutchError('cancelled', 'nobody signed in')
  }

  private async mail(path: string, type: FlowType, o: { redirectTo?: string } & Solved, body: { email: string; [key: string]: unknown }): Promise<void> {
    const flow = await this.flows.begin(type, o.redirectTo, body.email)
    await this.ask('POST', path + redirect(flow), { ...body, ...challenge(flow), ...solved(o) }, null)
  }

  /** An answer with a session begins it; one without tells of the user alone. */
  async enter(a: unknown, why: AuthChange = 'in'): Promise<User> {
    const s = a as Session & WireUser
    if (!s.access_token) return userOf({ user: s })
    await this.keeper.take(s, why)
    return userOf(s)
  }

  async renewed(path: string, body: object): Promise<User> {
    const token = await this.token() // before: it may have to be refreshed
    return this.keeper.alone(async () => this.enter(await this.ask('POST', path, body, token), 'changed'))
  }

  async ask(method: string, path: string, body?: object, token?: string | null): Promise<unknown> {
    return (await this.t.send({ method, path: '/auth/v1/' + path, body, ...(token !== undefined && { token }) })).body
  }
}

function challenge(flow: Begun | undefined): object {
  return flow ? { code_challenge: flow.code_challenge, code_challenge_method: flow.code_challenge_method } : {}
}

function redirect(flow: Begun | undefined): string {
  return flow ? '?' + query({ redirect_to: flow.redirect_to }) : ''
}

function asked(o: OAuthOptions): object {
  return { scopes: o.scopes?.join(' '), prompt: o.prompt, login_hint: o.loginHint }
}

function solved(o: Solved): object {
  return o.captchaToken ? { gotrue_meta_security: { captcha_token: o.captchaToken } } : {}
}
