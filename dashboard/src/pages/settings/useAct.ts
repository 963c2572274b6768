import { useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'

/** One act at a time: busy, and what went wrong; what the settings show is read anew. */
export function useAct() {
  const cache = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const refresh = () => cache.invalidateQueries({ queryKey: ['settings'] })
  const run = async <R,>(act: () => Promise<R>): Promise<R | undefined> => {
    setBusy(true)
    setError(undefined)
    try {
      const out = await act()
      void refresh()
      return out
    } catch (e) {
      setError(e)
      return undefined
    } finally {
      setBusy(false)
    }
  }
  return { busy, error, run, refresh }
}
