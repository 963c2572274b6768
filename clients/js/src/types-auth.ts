/** What sign-in looks like. */
import type { HutchError } from './error.ts'
import type { Mfa, Passkeys } from './types-factors.ts'

export interface User {
  uid: string
  email: string | null
  emailVerified: boolean
  anonymous: boolean
  roles: string[]
  claims: Record<string, unknown>
  profile: Record<string, unknown>
  /** How surely it is them: aal2 by a passkey or a second factor. */
  aal: Aal
  /** The account has a second factor, which `mfa.verify` shows: until then rules and functions see a guest. */
  needsFactor: boolean
}
export type Aal = 'aal1' | 'aal2'
/** What a form gathers besides: the answer of a captcha, where the server wants one. */
export interface Solved { captchaToken?: string }
export type AuthChange = 'initial' | 'in' | 'out' | 'changed' | 'expired'

export interface OAuthOptions {
  /** Where to come back to: this page, or an address of the server's `redirects`. */
  redirectTo?: string
  /** In a window above this page. Call it in a click: browsers block other windows. */
  popup?: boolean
  /** Outside browsers: opens the address and gives the one that it ended at; null when the person left. */
  open?: (url: string) => Promise<string | null | undefined>
  scopes?: string[]
  /** As the provider knows it, e.g. select_account. */
  prompt?: string
  loginHint?: string
}

export type FlowType = 'oauth' | 'link' | 'signup' | 'magiclink' | 'recovery' | 'email_change'

/** What a flow that this client began came back with: a user, or an error; neither where another mail is to be answered. */
export interface Returned { type: FlowType; user?: User; error?: HutchError }

/** A way to sign in. */
export interface Identity {
  /** What unlinkIdentity takes. */
  id: string
  provider: string
  /** The person's id at the provider. */
  subject: string
  email: string | null
  createdAt: Date
}

/** A place where the user is signed in. */
export interface Device {
  id: string
  userAgent: string
  ip: string
  createdAt: Date
  lastUsedAt: Date
  /** The one that asks. */
  current: boolean
}

/** What the server offers. */
export interface AuthSettings<P extends string = string> {
  providers: P[]
  signUp: boolean
  /** A sign-up waits for its mail. */
  confirmEmail: boolean
  /** signInWithOtp works. */
  otp: boolean
  /** signInAnonymously works. */
  anonymous: boolean
}

export interface Auth<P extends string = string> {
  /** undefined until `ready`. */
  readonly user: User | null | undefined
  readonly ready: Promise<User | null>
  /** What the flow that led to this page came to; null where none did. */
  readonly returned: Promise<Returned | null>
  /** The callback may call anything and be async. */
  onAuthStateChange(f: (u: User | null, why: AuthChange) => unknown): () => void
  settings(): Promise<AuthSettings<P>>

  /** `confirm`: a mail was sent, and nobody is signed in until it is answered. */
  signUp(c: { email: string; password: string; profile?: object; redirectTo?: string } & Solved): Promise<{ user: User; confirm: boolean }>
  signInWithPassword(c: { email: string; password: string } & Solved): Promise<User>
  /** A user without an address, who becomes permanent, with id and documents, by `update({ email })` or `linkIdentity`. */
  signInAnonymously(c?: { profile?: object } & Solved): Promise<User>
  /** Leaves the page and does not come back, but with `popup` or `open`; `returned` tells the rest. */
  signInWithOAuth(provider: P, o?: OAuthOptions): Promise<User>
  /** The id_token that a native app was given; `nonce` is the one whose SHA-256 (hex) the provider was asked for. */
  signInWithIdToken(c: { provider: P; token: string; nonce?: string; accessToken?: string }): Promise<User>
  /** Mails a link and a code; makes the account where there is none, but with `create: false`. */
  signInWithOtp(email: string, o?: { create?: boolean; profile?: object; redirectTo?: string } & Solved): Promise<void>
  /** A mailed code, or the `token_hash` of a link. `password` is that of a sign-up which began elsewhere. */
  verifyOtp(c: { email: string; code: string; type?: 'email' | 'recovery' | 'email_change'; password?: string } | { tokenHash: string; type: string; password?: string }): Promise<User>
  /** For apps that are opened with an address: goes on with the flow that it came back from. Pages do so by themselves. */
  follow(url: string): Promise<Returned | null>

  /** Mails a way to set a new password: after it `update({ password })`. */
  resetPassword(email: string, o?: { redirectTo?: string } & Solved): Promise<void>
  resend(c: { email: string; type: 'signup' | 'email_change'; redirectTo?: string } & Solved): Promise<void>
  /** Mails the `nonce` that update takes when the sign-in is older than 10 minutes. */
  reauthenticate(): Promise<void>
  /** A new address counts once its mails are answered. */
  update(c: { email?: string; password?: string; currentPassword?: string; nonce?: string; profile?: object; redirectTo?: string }): Promise<User>

  identities(): Promise<Identity[]>
  linkIdentity(provider: P, o?: OAuthOptions): Promise<User>
  unlinkIdentity(id: string): Promise<void>

  readonly mfa: Mfa
  readonly passkeys: Passkeys

  sessions(): Promise<Device[]>
  endSession(id: string): Promise<void>
  /** Erases the account, which signs it out everywhere: soon after signing in, with the second factor where there is one. */
  deleteUser(): Promise<void>
  /** 'here' by default. */
  signOut(scope?: 'here' | 'others' | 'everywhere'): Promise<void>
  token(o?: { fresh?: boolean }): Promise<string | null>
}
