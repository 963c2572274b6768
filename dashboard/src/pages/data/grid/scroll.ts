import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

const tallest = 12_000_000 // pixels that every browser can scroll

export interface Window { first: number; last: number; /** Where the first row stands in the body. */ offset: number; /** Of the body. */ height: number; /** Rows that can be seen, at least in part. */ top: number; bottom: number }

/**
 * Which rows are on screen, of as many as one likes: a body higher than browsers
 * allow is drawn smaller, small movements still go pixel by pixel.
 */
export function useScroll(box: RefObject<HTMLDivElement | null>, total: number, rowHeight: number, head: number): { window: Window; show: (row: number) => void; onScroll: () => void } {
  const [view, setView] = useState(0) // pixels above the window, were the body as high as it should be
  const [room, setRoom] = useState(600)
  const last = useRef(0)
  const at = useRef(0)
  const full = total * rowHeight
  const height = Math.min(full, tallest)
  const most = Math.max(0, full - room)
  const mostBox = Math.max(0, height - room)

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
    if (full === height) at.current = s
    else if (s <= 0) at.current = 0
    else if (s >= mostBox) at.current = most
    else if (Math.abs(s - last.current) < room) at.current = Math.min(most, Math.max(0, at.current + s - last.current))
    else at.current = s / mostBox * most
    last.current = s
    setView(at.current)
  }, [box, full, height, most, mostBox, room])

  useEffect(() => {
    if (at.current > most) {
      at.current = most
      setView(most)
    }
  }, [most])

  /** Brings a row into the window, by as little as needed. */
  const show = useCallback((row: number) => {
    const el = box.current
    if (!el) return
    const [from, to] = [row * rowHeight, (row + 1) * rowHeight]
    const v = from < at.current ? from : to > at.current + room ? to - room : at.current
    if (v === at.current) return
    at.current = Math.min(most, Math.max(0, v))
    const s = full === height || most === 0 ? at.current : at.current / most * mostBox
    el.scrollTop = s
    last.current = el.scrollTop
    setView(at.current)
  }, [box, full, height, most, mostBox, room, rowHeight])

  const first = Math.max(0, Math.floor(view / rowHeight) - 4)
  const end = Math.min(total - 1, Math.ceil((view + room) / rowHeight) + 4)
  return { window: { first, last: end, offset: first * rowHeight - view + boxTop(view, full, height, most, mostBox, last.current), height, top: Math.min(Math.max(0, total - 1), Math.floor(view / rowHeight)), bottom: Math.max(0, Math.min(total, Math.ceil((view + room) / rowHeight)) - 1) }, show, onScroll }
}

/** How far the box itself is scrolled when the window stands at view. */
const boxTop = (view: number, full: number, height: number, most: number, mostBox: number, last: number): number => full === height ? view : most === 0 ? 0 : Math.min(mostBox, last)
