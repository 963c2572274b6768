import { useEffect, useRef } from 'react'
import { drawn, guard, type Question } from './unsaved.ts'

const samePage = (to: URL): boolean => to.pathname === drawn().pathname

/**
 * While dirty, asks before what was written is lost: by a link, the palette,
 * back and forward, a reload. `stays` names the addresses that keep it on
 * screen, by default all of the page. A way that loses nothing, as after
 * saving, is taken with the option `anyway`.
 */
export function useUnsaved(dirty: boolean, stays: (to: URL) => boolean = samePage, question?: () => Question): void {
  const latest = useRef({ stays, question })
  latest.current = { stays, question }
  useEffect(() => dirty ? guard({ stays: to => latest.current.stays(to), get question() { return latest.current.question } }) : undefined, [dirty])
}
