/** What second factors and passkeys look like. */
import type { Aal, Solved, User } from './types-auth.ts'

export interface Factor { id: string; type: string; name: string; verified: boolean; createdAt: Date }

/** A factor to be: it counts from its first code. */
export interface NewFactor {
  id: string
  /** For <img src>. */
  qrCode: string
  secret: string
  uri: string
}

/** Second factors. With one, rules and functions see a guest until it is shown. */
export interface Mfa {
  /** Where they differ, the factor is to be shown. */
  aal(): Promise<{ current: Aal; next: Aal }>
  list(): Promise<Factor[]>
  /** Begins one of an authenticator app: verify makes it count. */
  enroll(c?: { name?: string }): Promise<NewFactor>
  challenge(id: string): Promise<{ id: string; expiresAt: Date }>
  /** Adds a security key, or what the device has, in a click; where it is not given, `list` has it unverified. */
  enrollKey(c?: { name?: string; signal?: AbortSignal }): Promise<User>
  /** Shows one, in a click: a factor of type webauthn. */
  verifyKey(c: { factor: string; signal?: AbortSignal }): Promise<User>
  /** Shows a factor of an authenticator app; the challenge is made where none is given. */
  verify(c: { factor: string; code: string; challenge?: string }): Promise<User>
  unenroll(id: string): Promise<void>
  /** Makes codes that each stand in for a factor once, in place of those of before. They are shown this once. */
  newRecoveryCodes(): Promise<string[]>
  /** How many are left. */
  recoveryCodes(): Promise<number>
  removeRecoveryCodes(): Promise<void>
  /** Uses one up in place of a factor. */
  recover(code: string): Promise<User>
}

export interface Passkey { id: string; name: string; createdAt: Date; lastUsedAt: Date | null }

export interface Passkeys {
  /** Whether this page and browser can. */
  supported(): Promise<boolean>
  /** Adds one of this device, in a click. */
  register(c?: { name?: string; signal?: AbortSignal }): Promise<Passkey>
  /** `autofill`: offered by a field of autocomplete="username webauthn" until somebody picks one. */
  signIn(c?: { autofill?: boolean; signal?: AbortSignal } & Solved): Promise<User>
  list(): Promise<Passkey[]>
  rename(id: string, name: string): Promise<Passkey>
  remove(id: string): Promise<void>
}
