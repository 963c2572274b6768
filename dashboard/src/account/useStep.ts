import { useState } from 'react'
import { enter, type SessionState } from './session.ts'

/** One step of signing in or of one's account at a time: busy, and what went wrong. */
export function useStep() {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const run = async (step: () => Promise<SessionState | null>): Promise<boolean> => {
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
      setBusy(false)
    }
  }
  return { busy, error, run }
}
