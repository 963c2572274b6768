import { useRef, useState } from 'react'
import { enter, type SessionState } from './session.ts'

/** A step of signing in or of one's account: busy, and what went wrong. */
export interface Step {
  busy: boolean
  error: unknown
  /** Whether it was taken; undefined where another one still runs, and nothing was done. */
  run: (step: () => Promise<SessionState | null>) => Promise<boolean | undefined>
}

/** One step at a time: a code that goes by itself and by Enter is sent once. */
export function useStep(): Step {
  const running = useRef(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const run: Step['run'] = async step => {
    if (running.current) return undefined
    running.current = true
    setBusy(true)
    setError(undefined)
    try {
      const state = await step()
      if (state) enter(state)
      return true
    } catch (e) {
      setError(e)
      return false
    } finally {
      running.current = false
      setBusy(false)
    }
  }
  return { busy, error, run }
}
