import { Checkbox } from '@mantine/core'
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { type PointerEvent, useRef } from 'react'
import { t } from '../../../text.ts'
import { clampWidth, type Column } from '../model/columns.ts'
import type { SortKey } from '../model/sort.ts'
import css from './grid.module.css'

interface Props {
  columns: readonly Column[]
  widths: readonly number[]
  kinds: readonly string[]
  sort: readonly SortKey[]
  checked: boolean
  some: boolean
  onCheck: () => void
  onSort: (path: string, add: boolean) => void
  onResize: (col: number, width: number, done: boolean) => void
  onMove: (from: number, to: number) => void
}

export function Header(p: Props) {
  const dragged = useRef<number>(undefined)
  return (
    <div role="row" aria-rowindex={1} className={css.head}>
      <div role="columnheader" aria-colindex={1} className={css.check}>
        <Checkbox size="xs" checked={p.checked} indeterminate={p.some && !p.checked} onChange={p.onCheck} aria-label={t('data.selectLoaded')} />
      </div>
      {p.columns.map((c, i) => {
        const at = p.sort.findIndex(k => k.path === c.path)
        const key = p.sort[at]
        return (
          <div
            key={c.path} role="columnheader" aria-colindex={i + 2} aria-sort={key ? key.desc ? 'descending' : 'ascending' : 'none'}
            className={i === 0 ? `${css.headCell} ${css.first}` : css.headCell} style={{ width: p.widths[i] }}
            draggable={i > 0} onDragStart={() => { dragged.current = i }}
            onDragOver={e => e.preventDefault()}
            onDrop={e => {
              e.preventDefault()
              if (dragged.current !== undefined && dragged.current !== i) p.onMove(dragged.current, i)
              dragged.current = undefined
            }}
          >
            <button type="button" className={css.sort} onClick={e => p.onSort(c.path, e.shiftKey)} title={t('data.sortBy')}>
              <span className={css.title}>
                <bdi className={css.name}>{c.path}</bdi>
                {key && (key.desc ? <IconArrowDown size={13} aria-hidden /> : <IconArrowUp size={13} aria-hidden />)}
                {key && p.sort.length > 1 && <span className={css.nth}>{at + 1}</span>}
              </span>
              <span className={css.kind}>{p.kinds[i]}</span>
            </button>
            <Grip width={p.widths[i] ?? 120} onResize={(w, done) => p.onResize(i, w, done)} />
          </div>
        )
      })}
    </div>
  )
}

function Grip({ width, onResize }: { width: number; onResize: (w: number, done: boolean) => void }) {
  const from = useRef<{ x: number; w: number }>(undefined)
  const to = (e: PointerEvent): number => clampWidth((from.current?.w ?? width) + e.clientX - (from.current?.x ?? e.clientX))
  return (
    <span
      className={css.grip} aria-hidden draggable={false}
      onPointerDown={e => {
        e.preventDefault()
        e.currentTarget.setPointerCapture(e.pointerId)
        from.current = { x: e.clientX, w: width }
      }}
      onPointerMove={e => { if (from.current) onResize(to(e), false) }}
      onPointerUp={e => {
        if (from.current) onResize(to(e), true)
        from.current = undefined
      }}
    />
  )
}
