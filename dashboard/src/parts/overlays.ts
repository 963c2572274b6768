import { useLayoutEffect, useMemo, useRef } from 'react'

interface Overlay { height: number; close: (() => void) | undefined }

const open = new Set<Overlay>()
let opened = 0 // so far
let taken: Event | undefined // what a list or a menu above the overlays hears

/** Told before anything hears it: by the time the event is back here, what it closed no longer says so. */
function onCapture(e: KeyboardEvent): void {
  if (e.key !== 'Escape') return
  const at = e.target instanceof Element ? e.target : undefined
  if (e.isComposing || at?.getAttribute('data-mantine-stop-propagation') === 'true' || at?.closest('[role=menu], [role=dialog]:not([aria-modal])')) taken = e
}

function onKey(e: KeyboardEvent): void {
  if (e.key === 'Escape' && taken !== e && !e.defaultPrevented) [...open].sort((a, b) => b.height - a.height)[0]?.close?.()
  taken = undefined
}

function add(o: Overlay): () => void {
  if (open.add(o).size === 1) {
    addEventListener('keydown', onCapture, { capture: true })
    addEventListener('keydown', onKey)
  }
  return () => {
    open.delete(o)
    if (open.size > 0) return
    removeEventListener('keydown', onCapture, { capture: true })
    removeEventListener('keydown', onKey)
  }
}

/**
 * Escape closes what is on top, and only that. An overlay without `close` stays,
 * and keeps Escape from those below it. Each overlay of the app goes through here:
 * on their own, every one of them would hear every Escape.
 */
export function useOverlay(isOpen: boolean, close: (() => void) | undefined): void {
  const latest = useRef(close)
  latest.current = close
  const height = useMemo(() => isOpen ? ++opened : 0, [isOpen]) // while rendering: what is inside of another comes after it
  useLayoutEffect(() => isOpen ? add({ height, get close() { return latest.current } }) : undefined, [isOpen, height])
}
