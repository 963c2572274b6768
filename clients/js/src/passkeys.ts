// Passkeys: loaded when they are called.
import type { Passkey, Passkeys, Solved, User } from './types.ts'
import type { Wire } from './session.ts'
import { base64url } from './challenge.ts'
import { HutchError } from './error.ts'

type Json = Record<string, any>

export class PasskeysOf implements Passkeys {
  private readonly w: Wire

  constructor(w: Wire) {
    this.w = w
  }

  async supported(): Promise<boolean> {
    // They are made for domains, not for addresses.
    return able() && globalThis.isSecureContext && !/^[\d.]+$|:/.test(globalThis.location.hostname)
  }

  async register(c: { name?: string; signal?: AbortSignal } = {}): Promise<Passkey> {
    const { challenge_id, options } = await this.w.ask('POST', 'passkeys/registration/options', {}) as { challenge_id: string; options: Json }
    const credential = await create(options, c.signal)
    const made = read(await this.w.ask('POST', 'passkeys/registration/verify', { challenge_id, credential }))
    return c.name === undefined ? made : this.rename(made.id, c.name)
  }

  async signIn(c: { autofill?: boolean; signal?: AbortSignal } & Solved = {}): Promise<User> {
    const body = c.captchaToken ? { gotrue_meta_security: { captcha_token: c.captchaToken } } : {}
    const { challenge_id, options } = await this.w.ask('POST', 'passkeys/authentication/options', body, null) as { challenge_id: string; options: Json }
    const credential = await ceremony(() => navigator.credentials.get({
      publicKey: request(options), ...(c.autofill && { mediation: 'conditional' as const }), ...heard(c.signal),
    }))
    return this.w.enter(await this.w.ask('POST', 'passkeys/authentication/verify', { challenge_id, credential }, null))
  }

  async list(): Promise<Passkey[]> {
    return (await this.w.ask('GET', 'passkeys') as unknown[]).map(read)
  }

  async rename(id: string, name: string): Promise<Passkey> {
    return read(await this.w.ask('PATCH', 'passkeys/' + encodeURIComponent(id), { friendly_name: name }))
  }

  async remove(id: string): Promise<void> {
    await this.w.ask('DELETE', 'passkeys/' + encodeURIComponent(id))
  }
}

/** Has an authenticator make a credential. */
export function create(options: Json, signal?: AbortSignal): Promise<Json> {
  return ceremony(() => navigator.credentials.create({ publicKey: creation(options), ...heard(signal) }))
}

/** Has an authenticator sign with one that it made. */
export function sign(options: Json, signal?: AbortSignal): Promise<Json> {
  return ceremony(() => navigator.credentials.get({ publicKey: request(options), ...heard(signal) }))
}

function read(a: unknown): Passkey {
  const p = a as Record<string, string>
  return { id: p.id!, name: p.friendly_name ?? '', createdAt: new Date(p.created_at!), lastUsedAt: p.last_used_at ? new Date(p.last_used_at) : null }
}

function able(): boolean {
  return Boolean(globalThis.navigator?.credentials) && typeof PublicKeyCredential !== 'undefined'
}

function heard(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}

/** What the browser, and the person before it, make of it. */
async function ceremony(f: () => Promise<Credential | null>): Promise<Json> {
  if (!able()) throw new HutchError('unimplemented', 'this browser knows no passkeys and security keys')
  let c: Credential | null
  try {
    c = await f()
  } catch (e) {
    const { name, message } = e as Error
    if (name === 'InvalidStateError') throw new HutchError('already_exists', 'this device has one of the account')
    if (name !== 'NotAllowedError' && name !== 'AbortError') throw new HutchError('failed_precondition', message, { details: { name } })
    c = null
  }
  if (!c) throw new HutchError('cancelled', 'no passkey or security key was given')
  return json(c as PublicKeyCredential)
}

function creation(o: Json): PublicKeyCredentialCreationOptions {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) {
    return PublicKeyCredential.parseCreationOptionsFromJSON(o as PublicKeyCredentialCreationOptionsJSON)
  }
  return {
    ...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: o.excludeCredentials?.map(known),
  } as unknown as PublicKeyCredentialCreationOptions
}

function request(o: Json): PublicKeyCredentialRequestOptions {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) {
    return PublicKeyCredential.parseRequestOptionsFromJSON(o as PublicKeyCredentialRequestOptionsJSON)
  }
  return { ...o, challenge: bytes(o.challenge), allowCredentials: o.allowCredentials?.map(known) } as PublicKeyCredentialRequestOptions
}

function known(c: Json): Json {
  return { ...c, id: bytes(c.id) }
}

function json(c: PublicKeyCredential): Json {
  try {
    return c.toJSON()
  } catch { // absent, or of a password manager that stands in for the browser
    const r = c.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse
    const response: Json = { transports: r.getTransports?.() }
    for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'] as const) {
      if (r[name]) response[name] = base64url(new Uint8Array(r[name]))
    }
    return {
      id: c.id, rawId: base64url(new Uint8Array(c.rawId)), type: c.type, response,
      authenticatorAttachment: c.authenticatorAttachment ?? undefined, clientExtensionResults: c.getClientExtensionResults(),
    }
  }
}

function bytes(s: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(s.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0))
}
