const tallest = 12_000_000 // pixels that every browser can scroll

/** A body of rows and a box that scrolls it, which may have to be drawn smaller than the body is. */
export interface Scale { full: number; height: number; most: number; mostBox: number; room: number }

export function scale(total: number, rowHeight: number, room: number): Scale {
  const full = total * rowHeight
  const height = Math.min(full, tallest)
  return { full, height, most: Math.max(0, full - room), mostBox: Math.max(0, height - room), room }
}

/** Where the window stands in the body after the box was scrolled from last to s: small steps go pixel by pixel. */
export function scrolled(c: Scale, at: number, last: number, s: number): number {
  if (c.full === c.height) return s
  if (s <= 0) return 0
  if (s >= c.mostBox) return c.most
  if (Math.abs(s - last) < c.room) return Math.min(c.most, Math.max(0, at + s - last))
  return s / c.mostBox * c.most
}

/** How far the box is scrolled for a window at `at`. */
export const boxAt = (c: Scale, at: number): number => c.full === c.height || c.most === 0 ? at : at / c.most * c.mostBox

/** The window that shows a row, moved as little as needed. */
export function showing(c: Scale, at: number, row: number, rowHeight: number): number {
  const [from, to] = [row * rowHeight, (row + 1) * rowHeight]
  const v = from < at ? from : to > at + c.room ? to - c.room : at
  return Math.min(c.most, Math.max(0, v))
}
