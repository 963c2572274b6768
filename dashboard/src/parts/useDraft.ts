import { useCallback, useState } from 'react'

const drafts = new Map<string, unknown>()

/** Another operator sees nothing of what the last one typed. */
export function forgetDrafts(): void {
  drafts.clear()
}

/**
 * State of a form that outlives the form: a tab that is left and come back to
 * has what was typed. It is in this window's memory alone.
 */
export function useDraft<T>(key: string, initial: T): [T, (value: T) => void] {
  const [, draw] = useState(0)
  const set = useCallback((value: T) => {
    if (value === initial) drafts.delete(key)
    else drafts.set(key, value)
    draw(n => n + 1)
  }, [key, initial])
  return [drafts.has(key) ? drafts.get(key) as T : initial, set]
}
