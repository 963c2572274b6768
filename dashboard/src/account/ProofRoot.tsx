import { lazy, Suspense, useEffect, useSyncExternalStore } from 'react'
import { whenStale } from '../api/api.ts'
import { loadTexts } from '../text.ts'
import { useSession } from './session.ts'

const Proof = lazy(async () => {
  await loadTexts()
  return import('./Proof.tsx')
})

let waiting: ((proven: boolean) => void)[] = []
const listeners = new Set<() => void>()

function set(next: typeof waiting): void {
  waiting = next
  for (const f of listeners) f()
}

const subscribe = (f: () => void) => {
  listeners.add(f)
  return () => listeners.delete(f)
}

whenStale(() => new Promise(done => set([...waiting, done])))

function settle(proven: boolean): void {
  const all = waiting
  if (all.length === 0) return
  set([])
  for (const done of all) done(proven)
}

/**
 * Where an operator proves anew who they are, for all acts that wait for it; once
 * in the app. Where there is no operator any more, or another one, those acts fail.
 */
export function ProofRoot() {
  const asked = useSyncExternalStore(subscribe, () => waiting.length > 0)
  const operator = useSession().data?.operator?.id
  useEffect(() => () => settle(false), [operator])
  useEffect(() => {
    if (asked && operator === undefined) settle(false)
  }, [asked, operator])
  return asked && operator !== undefined && <Suspense><Proof settle={settle} /></Suspense>
}
