import { post } from '../api/api.ts'
import { ApiError } from '../api/error.ts'
import { t } from '../text.ts'
import type { SessionState } from './session.ts'

interface Challenge { challengeId: string; options: unknown }

/** Whether this browser can do passkeys here. */
export const canPasskeys = (): boolean => typeof PublicKeyCredential !== 'undefined' && 'parseRequestOptionsFromJSON' in PublicKeyCredential

/** Signs in with a passkey, or proves one as the second factor. */
export async function signInWithPasskey(): Promise<SessionState> {
  const { challengeId, options } = await post<Challenge>('/admin/v1/session/passkey/options')
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as PublicKeyCredentialRequestOptionsJSON)
  const credential = await asked(navigator.credentials.get({ publicKey }))
  return post('/admin/v1/session/passkey/verify', { challengeId, credential })
}

export async function addPasskey(name: string): Promise<SessionState> {
  const { challengeId, options } = await post<Challenge>('/admin/v1/account/passkeys/options')
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as PublicKeyCredentialCreationOptionsJSON)
  const credential = await asked(navigator.credentials.create({ publicKey }))
  return post('/admin/v1/account/passkeys', { challengeId, credential, name })
}

async function asked(answer: Promise<Credential | null>): Promise<unknown> {
  try {
    const credential = await answer as PublicKeyCredential | null
    if (credential) return credential.toJSON()
  } catch (e) {
    if (!(e instanceof DOMException)) throw e
    if (e.name === 'InvalidStateError') throw new ApiError(0, { code: 'already_exists', message: t('account.passkeyThere'), here: true })
  }
  throw new ApiError(0, { code: 'cancelled', message: t('account.passkeyCancelled'), here: true })
}
