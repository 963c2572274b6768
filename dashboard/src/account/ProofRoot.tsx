import { lazy, Suspense, useSyncExternalStore } from 'react'
import { whenStale } from '../api/api.ts'
import { loadTexts } from '../text.ts'

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

/** Where an operator proves anew who they are, for all acts that wait for it; once in the app. */
export function ProofRoot() {
  const asked = useSyncExternalStore(subscribe, () => waiting.length > 0)
  const settle = (proven: boolean) => {
    const all = waiting
    set([])
    for (const done of all) done(proven)
  }
  return asked && <Suspense><Proof settle={settle} /></Suspense>
}
