import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { boxAt, scale, scrolled, showing } from './scale.ts'

/** Rows from `first` to `last` are drawn at `offset`; from `top` to `bottom` they can be seen. */
export interface Window { first: number; last: number; offset: number; height: number; top: number; bottom: number }

const spare = 4 // rows above and below

/** Which rows are on screen, of as many as one likes. */
export function useScroll(box: RefObject<HTMLDivElement | null>, total: number, rowHeight: number, head: number): { window: Window; show: (row: number) => void; onScroll: () => void } {
  const [place, setPlace] = useState({ at: 0, box: 0 })
  const now = useRef(place)
  const [room, setRoom] = useState(600)
  const c = useMemo(() => scale(total, rowHeight, room), [total, rowHeight, room])
  const go = useCallback((at: number, s: number) => setPlace(now.current = { at, box: s }), [])

  useLayoutEffect(() => {
    const el = box.current
    if (!el) return
    const measure = (): void => setRoom(Math.max(rowHeight, el.clientHeight - head))
    measure()
    const o = new ResizeObserver(measure)
    o.observe(el)
    return () => o.disconnect()
  }, [box, head, rowHeight])

  const onScroll = useCallback(() => {
    const s = box.current?.scrollTop ?? 0
    if (s !== now.current.box) go(scrolled(c, now.current.at, now.current.box, s), s)
  }, [box, c, go])

  useEffect(() => {
    if (now.current.at > c.most) go(c.most, Math.min(now.current.box, c.mostBox))
  }, [c, go])

  /** Brings a row into the window. */
  const show = useCallback((row: number) => {
    const el = box.current
    const at = showing(c, now.current.at, row, rowHeight)
    if (!el || at === now.current.at) return
    el.scrollTop = boxAt(c, at)
    go(at, el.scrollTop)
  }, [box, c, rowHeight, go])

  const top = Math.min(Math.max(0, total - 1), Math.floor(place.at / rowHeight))
  const bottom = Math.max(0, Math.min(total, Math.ceil((place.at + room) / rowHeight)) - 1)
  const first = Math.max(0, top - spare)
  return { window: { first, last: Math.min(total - 1, bottom + spare), offset: place.box + first * rowHeight - place.at, height: c.height, top, bottom }, show, onScroll }
}
