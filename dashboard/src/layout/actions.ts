import { useEffect, useSyncExternalStore } from 'react'
import type { Icon } from '@tabler/icons-react'

/** What the palette offers beside the pages. */
export interface Action {
  id: string
  label: string
  description?: string
  icon?: Icon
  /** Other words it is found by. */
  keywords?: string[]
  run: () => void
}

const offered = new Map<symbol, Action[]>()
let all: Action[] = []
const listeners = new Set<() => void>()

function changed(): void {
  all = [...offered.values()].flat()
  for (const f of listeners) f()
}

/** Offers actions in the palette while the component is on screen; the list must be memoized. */
export function usePaletteActions(actions: Action[]): void {
  useEffect(() => {
    const mine = Symbol()
    offered.set(mine, actions)
    changed()
    return () => {
      offered.delete(mine)
      changed()
    }
  }, [actions])
}

const subscribe = (f: () => void) => {
  listeners.add(f)
  return () => listeners.delete(f)
}

export function useOffered(): Action[] {
  return useSyncExternalStore(subscribe, () => all)
}
