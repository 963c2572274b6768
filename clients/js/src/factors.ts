// Second factors: loaded when they are called.
import type { Aal, Factor, Mfa, NewFactor, User } from './types.ts'
import type { Wire } from './session.ts'
import { HutchError } from './error.ts'

interface WireKeyChallenge { id: string; webauthn?: { type: 'create' | 'request'; credential_options: { publicKey: Record<string, unknown> } } }
interface WireFactor { id: string; friendly_name?: string; factor_type: string; status: string; created_at: string }

export class Factors implements Mfa {
  private readonly w: Wire

  constructor(w: Wire) {
    this.w = w
  }

  async aal(): Promise<{ current: Aal; next: Aal }> {
    const factors = await this.list()
    const current = this.w.user?.aal ?? 'aal1'
    return { current, next: factors.some(f => f.verified) ? 'aal2' : current }
  }

  async list(): Promise<Factor[]> {
    const { factors } = await this.w.ask('GET', 'user') as { factors: WireFactor[] }
    return factors.map(f => ({
      id: f.id, type: f.factor_type, name: f.friendly_name ?? '', verified: f.status === 'verified', createdAt: new Date(f.created_at),
    }))
  }

  async enroll(c: { name?: string } = {}): Promise<NewFactor> {
    const f = await this.w.ask('POST', 'factors', { factor_type: 'totp', friendly_name: c.name }) as { id: string; totp: { qr_code: string; secret: string; uri: string } }
    return { id: f.id, qrCode: 'data:image/svg+xml;utf-8,' + encodeURIComponent(f.totp.qr_code), secret: f.totp.secret, uri: f.totp.uri }
  }

  async challenge(id: string): Promise<{ id: string; expiresAt: Date }> {
    const c = await this.w.ask('POST', path(id, '/challenge')) as { id: string; expires_at: number }
    return { id: c.id, expiresAt: new Date(c.expires_at * 1000) }
  }

  async verify(c: { factor: string; code: string; challenge?: string }): Promise<User> {
    const challenge_id = c.challenge ?? (await this.challenge(c.factor)).id
    return this.w.renewed(path(c.factor, '/verify'), { challenge_id, code: c.code })
  }

  async enrollKey(c: { name?: string; signal?: AbortSignal } = {}): Promise<User> {
    const f = await this.w.ask('POST', 'factors', { factor_type: 'webauthn', friendly_name: c.name }) as { id: string }
    return this.verifyKey({ ...c, factor: f.id })
  }

  async verifyKey(c: { factor: string; signal?: AbortSignal }): Promise<User> {
    const [{ create, sign }, asked] = await Promise.all([import('./passkeys.ts'), this.w.ask('POST', path(c.factor, '/challenge'))])
    const { id, webauthn } = asked as WireKeyChallenge
    if (!webauthn) throw new HutchError('invalid_argument', 'the factor is no security key', { field: 'factor' })
    const { type, credential_options: { publicKey } } = webauthn
    const credential_response = await (type === 'create' ? create : sign)(publicKey, c.signal)
    return this.w.renewed(path(c.factor, '/verify'), { challenge_id: id, webauthn: { type, credential_response } })
  }

  async unenroll(id: string): Promise<void> {
    await this.w.ask('DELETE', path(id))
    await this.w.token({ fresh: true }) // what it says of the session is over
  }

  async newRecoveryCodes(): Promise<string[]> {
    const made = await this.w.ask('POST', codes, {}).catch(e => {
      if (HutchError.is(e, 'mfa_verified_factor_exists')) return this.w.ask('POST', codes + '/regenerate', {})
      throw e
    })
    return (made as { codes: string[] }).codes
  }

  async recoveryCodes(): Promise<number> {
    try {
      return (await this.w.ask('GET', codes) as { remaining: number }).remaining
    } catch (e) {
      if (HutchError.is(e, 'mfa_factor_not_found')) return 0
      throw e
    }
  }

  async removeRecoveryCodes(): Promise<void> {
    await this.w.ask('DELETE', codes)
  }

  recover(code: string): Promise<User> {
    return this.w.renewed(codes + '/verify', { code })
  }
}

const codes = 'factors/recovery-codes'

function path(id: string, rest = ''): string {
  return 'factors/' + encodeURIComponent(id) + rest
}
