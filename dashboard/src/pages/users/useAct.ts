import { useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'

/** One act at a time: busy, and what went wrong; what is shown of users is read anew. */
export function useAct() {
  const cache = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const run = async <R,>(act: () => Promise<R>): Promise<R | undefined> => {
    setBusy(true)
    setError(undefined)
    try {
      const out = await act()
      void cache.invalidateQueries({ queryKey: ['users'] })
      return out
    } catch (e) {
      setError(e)
      return undefined
    } finally {
      setBusy(false)
    }
  }
  return { busy, error, run }
}

/** After an act elsewhere, e.g. in a dialog. */
export function useRefresh() {
  const cache = useQueryClient()
  return () => cache.invalidateQueries({ queryKey: ['users'] })
}

/** After a user is gone, of whom nothing is to be read any more. */
export function useListRefresh() {
  const cache = useQueryClient()
  return () => cache.invalidateQueries({ queryKey: ['users', 'list'] })
}
