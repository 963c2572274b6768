import type { Species } from './store.ts'
import { svg } from './dom.ts'

/** A drawing per species, tinted by the animal's id so that no two shelves look alike. */
const faces: Record<Species, () => SVGElement[]> = {
  dog: () => [
    svg('path', { d: 'M22 40c-9 4-13 22-8 34 8 2 14-8 15-20z', fill: 'var(--ink2)' }),
    svg('path', { d: 'M78 40c9 4 13 22 8 34-8 2-14-8-15-20z', fill: 'var(--ink2)' }),
    svg('ellipse', { cx: 50, cy: 54, rx: 29, ry: 30, fill: 'var(--ink)' }),
    svg('ellipse', { cx: 50, cy: 68, rx: 16, ry: 13, fill: '#fff8ee' }),
    ...eyes(39, 61, 50),
    svg('ellipse', { cx: 50, cy: 62, rx: 6, ry: 4.4, fill: '#2a2320' }),
    svg('path', { d: 'M50 66v5m0 0c-3 4-7 4-9 2m9-2c3 4 7 4 9 2', fill: 'none', stroke: '#2a2320', 'stroke-width': 2, 'stroke-linecap': 'round' }),
  ],
  cat: () => [
    svg('path', { d: 'M23 50V19l20 14zM77 50V19L57 33z', fill: 'var(--ink2)' }),
    svg('ellipse', { cx: 50, cy: 56, rx: 30, ry: 27, fill: 'var(--ink)' }),
    ...eyes(38, 62, 53),
    svg('path', { d: 'M46 63h8l-4 5z', fill: '#d9705f' }),
    svg('path', { d: 'M50 68c-3 5-8 4-9 1m9-1c3 5 8 4 9 1M14 58l16 3M14 68l16-2M86 58l-16 3M86 68l-16-2', fill: 'none', stroke: '#2a2320', 'stroke-width': 1.8, 'stroke-linecap': 'round' }),
  ],
  bird: () => [
    svg('path', { d: 'M60 66c14 4 22 14 24 22-14 2-26-4-32-14z', fill: 'var(--ink2)' }),
    svg('ellipse', { cx: 48, cy: 56, rx: 25, ry: 28, fill: 'var(--ink)' }),
    svg('path', { d: 'M44 58c10-6 22 0 22 14-12 4-22-2-22-14z', fill: 'var(--ink2)' }),
    ...eyes(36, 52, 44),
    svg('path', { d: 'M44 50l-12 5 12 6z', fill: '#f2a33a' }),
    svg('path', { d: 'M48 28c-2-8 4-12 8-12-2 5 0 8-2 12z', fill: 'var(--ink2)' }),
  ],
  fish: () => [
    svg('path', { d: 'M68 52l22-17v34z', fill: 'var(--ink2)' }),
    svg('ellipse', { cx: 44, cy: 52, rx: 32, ry: 22, fill: 'var(--ink)' }),
    svg('path', { d: 'M44 30c8-10 18-10 22-8-2 8-6 12-12 14z', fill: 'var(--ink2)' }),
    svg('path', { d: 'M52 52c6 0 10 4 10 9-8 3-14-2-14-6z', fill: 'var(--ink2)' }),
    svg('circle', { cx: 28, cy: 47, r: 5, fill: '#fff' }),
    svg('circle', { cx: 27, cy: 47, r: 2.6, fill: '#2a2320' }),
    svg('g', { fill: '#ffffff99' }, svg('circle', { cx: 10, cy: 30, r: 3 }), svg('circle', { cx: 17, cy: 20, r: 2 })),
  ],
  reptile: () => [
    svg('path', { d: 'M22 78c22 8 50 6 58-10 5-11-1-21-10-22', fill: 'none', stroke: 'var(--ink2)', 'stroke-width': 11, 'stroke-linecap': 'round' }),
    svg('ellipse', { cx: 46, cy: 66, rx: 22, ry: 13, fill: 'var(--ink2)' }),
    svg('ellipse', { cx: 45, cy: 46, rx: 27, ry: 21, fill: 'var(--ink)' }),
    svg('circle', { cx: 30, cy: 28, r: 9, fill: 'var(--ink)' }),
    svg('circle', { cx: 60, cy: 28, r: 9, fill: 'var(--ink)' }),
    ...eyes(30, 60, 28),
    svg('path', { d: 'M28 52c10 8 26 8 35 0', fill: 'none', stroke: '#2a2320', 'stroke-width': 2.2, 'stroke-linecap': 'round' }),
    svg('g', { fill: 'var(--ink2)' }, svg('circle', { cx: 45, cy: 38, r: 2.4 }), svg('circle', { cx: 37, cy: 42, r: 1.8 }), svg('circle', { cx: 54, cy: 42, r: 1.8 })),
  ],
  small: () => [
    svg('circle', { cx: 28, cy: 32, r: 11, fill: 'var(--ink2)' }),
    svg('circle', { cx: 72, cy: 32, r: 11, fill: 'var(--ink2)' }),
    svg('ellipse', { cx: 50, cy: 57, rx: 33, ry: 28, fill: 'var(--ink)' }),
    svg('ellipse', { cx: 35, cy: 66, rx: 11, ry: 9, fill: '#fff8ee' }),
    svg('ellipse', { cx: 65, cy: 66, rx: 11, ry: 9, fill: '#fff8ee' }),
    ...eyes(38, 62, 50),
    svg('ellipse', { cx: 50, cy: 60, rx: 3.6, ry: 2.8, fill: '#d9705f' }),
    svg('path', { d: 'M47 68h6v6h-6z', fill: '#fff' }),
  ],
}

function eyes(x1: number, x2: number, y: number): SVGElement[] {
  return [x1, x2].flatMap(cx => [
    svg('circle', { cx, cy: y, r: 4, fill: '#2a2320' }),
    svg('circle', { cx: cx + 1.3, cy: y - 1.4, r: 1.2, fill: '#fff' }),
  ])
}

const hues: Record<Species, number> = { dog: 28, cat: 12, bird: 190, fish: 215, reptile: 130, small: 45 }

export function portrait(kind: Species, id: string): SVGElement {
  let seed = 7
  for (const c of id) seed = (seed * 31 + c.charCodeAt(0)) % 997
  const hue = hues[kind] + seed % 44 - 22
  const el = svg('svg', { viewBox: '0 0 100 100', class: 'portrait', 'aria-hidden': 'true' }, ...faces[kind]())
  el.style.setProperty('--ink', `hsl(${hue} ${48 + seed % 18}% ${56 + seed % 12}%)`)
  el.style.setProperty('--ink2', `hsl(${hue} ${46 + seed % 14}% ${42 + seed % 9}%)`)
  el.style.setProperty('background', `linear-gradient(160deg, hsl(${hue + 12} 70% 92%), hsl(${hue - 14} 64% 82%))`)
  return el
}
