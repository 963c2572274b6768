import { lazy, Suspense, useSyncExternalStore, type ReactNode } from 'react'

const Dialog = lazy(async () => ({ default: (await import('./ConfirmDialog.tsx')).ConfirmDialog }))

export interface Question {
  title: string
  /** What will happen, and whether it can be undone. */
  about: ReactNode
  /** Has to be typed; without it a click is enough. */
  name?: string
  /** On the button: what it does. */
  action: string
  /** Runs while the dialog shows that it is busy; what it throws is shown. */
  run: () => Promise<unknown>
}

let question: Question | null = null
let asked = 0
const listeners = new Set<() => void>()
const changed = () => {
  for (const f of listeners) f()
}

/** Asks before an act that destroys: the person types the name of what will be gone. */
export function confirm(q: Question): void {
  question = q
  asked++
  changed()
}

/** Another question may have been asked meanwhile. */
const close = (q: Question) => {
  if (question !== q) return
  question = null
  changed()
}

const subscribe = (f: () => void) => {
  listeners.add(f)
  return () => listeners.delete(f)
}

/** Where the dialog is drawn; once in the app. */
export function ModalsRoot() {
  const q = useSyncExternalStore(subscribe, () => question)
  return q && <Suspense><Dialog key={asked} q={q} close={() => close(q)} /></Suspense>
}
