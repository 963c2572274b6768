import { useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'

/** One act of a page at a time: busy, and what went wrong; what the page shows is read anew after it. */
export function useAct(page: string) {
  const cache = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  /** Of what the page read, all, or what begins with these keys. */
  const refresh = (...keys: string[]) => cache.invalidateQueries({ queryKey: [page, ...keys] })
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
