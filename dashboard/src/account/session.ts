import { useQuery } from '@tanstack/react-query'
import { get, whenSignedOut } from '../api/api.ts'
import { queries } from '../api/queries.ts'
import { forgetDrafts } from '../parts/useDraft.ts'

export interface Passkey { id: string; name: string; createdAt: string; lastUsedAt?: string }
export interface Operator {
  id: string
  email: string
  aal: 'aal1' | 'aal2'
  factors: Factor[]
  passkeys: Passkey[]
  session: string
  createdAt: string
}
export type Factor = 'totp' | 'passkey'

/** Where a sign-in stands; each of its steps answers this. */
export interface SessionState {
  operator: Operator | null
  /** Nobody is an operator yet. */
  setup: boolean
  mfa: 'required' | 'optional' | 'off'
  dev: boolean
  /** The app's name, once signed in. */
  app?: string
  /** A password was given and this is owed. */
  next?: Factor | 'enroll'
  methods?: Factor[]
  email?: string
}

const key = ['session']

/** Who is signed in. */
export function useSession() {
  return useQuery({ queryKey: key, queryFn: async ({ signal }) => taken(await get<SessionState>('/admin/v1/session', undefined, signal)), staleTime: 60_000 })
}

/** The operator; only below the gate, where there is one. */
export function useOperator(): Operator {
  const operator = useSession().data?.operator
  if (!operator) throw new Error('no operator below the gate')
  return operator
}

/** Another operator, by a step here or in another tab, sees nothing that the last one loaded or typed. */
function taken(state: SessionState): SessionState {
  const before = queries.getQueryData<SessionState>(key)
  if (before?.operator?.id !== state.operator?.id) {
    queries.removeQueries({ predicate: q => q.queryKey[0] !== key[0] })
    forgetDrafts()
  }
  return state
}

/** Takes the answer of a step. */
export function enter(state: SessionState): void {
  queries.setQueryData(key, taken(state))
}

whenSignedOut(() => void queries.invalidateQueries({ queryKey: key }))
