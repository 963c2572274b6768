import { useCallback } from 'react'
import { useSearchParams } from 'wouter'

/**
 * State that lives in the URL's query: a link and the back button keep it.
 * The fallback is not written; `replace` keeps typing out of the history.
 */
export function useUrlState(name: string, fallback = ''): [string, (value: string, o?: { replace?: boolean }) => void] {
  const [params, setParams] = useSearchParams()
  const set = useCallback((value: string, o: { replace?: boolean } = {}) => {
    setParams(() => {
      const next = new URLSearchParams(location.search) // as it is now: another state may have been set since the last render
      if (value === fallback) next.delete(name)
      else next.set(name, value)
      return next
    }, { replace: o.replace ?? false })
  }, [name, fallback, setParams])
  return [params.get(name) ?? fallback, set]
}
