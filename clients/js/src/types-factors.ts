/** What passkeys look like. */
import type { Solved, User } from './types-auth.ts'

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
