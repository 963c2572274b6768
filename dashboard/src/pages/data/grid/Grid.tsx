import { type KeyboardEvent, type MouseEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { moved, type Spot } from '../../../parts/table/keys.ts'
import { t } from '../../../text.ts'
import { usualKind } from '../model/cell.ts'
import type { Column } from '../model/columns.ts'
import type { Rows, View } from '../model/rows.ts'
import { mayWiden, says } from '../model/schema.ts'
import type { SortKey } from '../model/sort.ts'
import { at, type Doc, idOf, isSystem, kindOf, type Value } from '../model/values.ts'
import { write } from '../model/wire.ts'
import { Editor } from './Editor.tsx'
import css from './grid.module.css'
import { Header } from './Header.tsx'
import { nextSpot } from './keys.ts'
import { Row } from './Row.tsx'
import { useScroll } from './scroll.ts'

const rowHeight = 34
const headHeight = 44
const checkWidth = 36

export interface GridProps {
  label: string
  rows: Rows
  view: View
  columns: readonly Column[]
  widths: readonly number[]
  kinds: readonly string[]
  sort: readonly SortKey[]
  schema: Doc | undefined
  readOnly: boolean
  selected: ReadonlyMap<string, Doc>
  openId: string
  flash: ReadonlyMap<string, ReadonlySet<string>>
  onSelect: (docs: Doc[], on: boolean) => void
  onOpen: (id: string) => void
  onSave: (doc: Doc, path: string, v: Value) => Promise<void>
  onDelete: (docs: Doc[]) => void
  onSort: (path: string, add: boolean) => void
  onResize: (col: number, width: number, done: boolean) => void
  onMove: (from: number, to: number) => void
  onWindow: (first: number, last: number) => void
}

/** A cell whose editor is open, and its document as it was then: that one is written, wherever it is by now. */
interface Edited { doc: Doc; path: string }

/**
 * The cursor stays with its document and its field while rows and columns move.
 * Until somebody places it, it is the first cell, whatever comes there.
 */
interface Cursor extends Spot { id: string; path: string; placed: boolean }

/** The table of documents; only what is on screen is in the page. */
export function Grid(p: GridProps) {
  const { rows, view, columns, widths } = p
  const box = useRef<HTMLDivElement>(null)
  const grid = useRef<HTMLDivElement>(null)
  const [cursor, setCursor] = useState<Cursor>({ row: 0, col: 0, id: '', path: '', placed: false })
  const [editing, setEditing] = useState<Edited>()
  const { window: w, show, onScroll } = useScroll(box, view.total, rowHeight, headHeight)
  const { onWindow } = p
  const toEnd = useRef(false) // the last row was asked for while nobody knew which it is

  useEffect(() => {
    rows.want(w.first, w.last)
    onWindow(w.top, w.bottom)
  }, [rows, w.first, w.last, w.top, w.bottom, view.total, onWindow])

  const docAt = (row: number): Doc | undefined => rows.row(row)
  const active = spotOf(cursor, rows, columns, view)
  const place = ({ row, col }: Spot, doc = docAt(row)) => {
    setCursor({ row, col, id: doc ? idOf(doc) : '', path: columns[col]?.path ?? '', placed: true })
  }
  useLayoutEffect(() => {
    const doc = docAt(active.row)
    const id = editing || !doc ? cursor.id : idOf(doc) // where it left the rows the next one has the cursor, if no editor waits for it
    if (!cursor.placed || active.row === cursor.row && active.col === cursor.col && id === cursor.id) return
    setCursor({ ...cursor, ...active, id })
    if (editing && cursor.row >= w.top && cursor.row <= w.bottom) show(active.row)
  })

  const select = (spot: Spot) => {
    place(spot)
    show(spot.row)
    showColumn(box.current, widths, spot.col)
  }
  useEffect(() => {
    if (!toEnd.current || !view.ended) return
    toEnd.current = false
    select({ row: Math.max(0, view.total - 1), col: active.col })
  }, [view.ended, view.total])

  const loaded = useMemo(() => rows.loaded(), [rows, view.generation])
  const editable = (col: number): boolean => {
    const path = columns[col]?.path ?? ''
    return !p.readOnly && !isSystem(path) && !path.includes('.')
  }
  const edit = (spot: Spot, doc = docAt(spot.row)) => {
    if (!doc) return
    place(spot, doc)
    const v = at(doc, columns[spot.col]?.path ?? '')
    const whole = v !== undefined && ['object', 'array', 'binary'].includes(kindOf(v))
    if (!editable(spot.col) || whole) p.onOpen(idOf(doc))
    else setEditing({ doc, path: columns[spot.col]?.path ?? '' })
  }

  const onKeyDown = (e: KeyboardEvent) => {
    if (e.target !== grid.current || view.total === 0 || editing) return // an editor keeps its cell
    const doc = docAt(active.row)
    const to = e.altKey ? undefined : moved(e, active, view.total, columns.length, Math.max(1, w.bottom - w.top - 1))
    toEnd.current = to !== undefined && to.row === view.total - 1 && to.row - active.row > 1 && !view.ended
    if (to) {
      if (e.shiftKey && doc) p.onSelect([doc, docAt(to.row)].filter(d => d !== undefined), true)
      select(to)
    } else if (e.key === 'Enter' || e.key === 'F2') edit(active)
    else if (e.key === ' ' && doc) p.onSelect([doc], !p.selected.has(idOf(doc)))
    else if (e.key === 'o' && !e.ctrlKey && !e.metaKey && doc) p.onOpen(idOf(doc))
    else if ((e.key === 'Delete' || e.key === 'Backspace') && !p.readOnly) p.onDelete(p.selected.size > 0 ? [...p.selected.values()] : doc ? [doc] : [])
    else if (e.key === 'c' && (e.ctrlKey || e.metaKey) && doc && getSelection()?.isCollapsed) void navigator.clipboard?.writeText(copied(at(doc, columns[active.col]?.path ?? '')))
    else return
    e.preventDefault()
  }

  const onClick = (e: MouseEvent) => {
    const el = e.target as HTMLElement
    const row = Number(el.closest<HTMLElement>('[data-row]')?.dataset.row ?? NaN)
    const doc = docAt(row)
    if (Number.isNaN(row) || el.closest('[data-editor]')) return
    if (el.closest('[data-check]')) {
      if (doc) p.onSelect(e.shiftKey ? between(rows, active.row, row) : [doc], e.shiftKey || !p.selected.has(idOf(doc)))
      if (!editing) place({ row, col: active.col })
      return
    }
    const col = Number(el.closest<HTMLElement>('[data-col]')?.dataset.col ?? 0)
    place({ row, col })
    if (e.detail === 2) edit({ row, col })
    else if (col === 0 && doc) p.onOpen(idOf(doc))
    if (e.detail < 2) setEditing(undefined)
  }

  const close = (then?: 'next' | 'back') => {
    setEditing(undefined)
    grid.current?.focus({ preventScroll: true })
    const from = spotOf(cursor, rows, columns, view) // it may have moved while it was saved
    const next = then && nextSpot(from, view.total, columns.length, then === 'back', editable)
    if (!next) return
    const doc = docAt(next.row)
    select(next)
    requestAnimationFrame(() => edit(next, doc))
  }

  const indexes = Array.from({ length: Math.max(0, w.last - w.first + 1) }, (_, i) => w.first + i)
  const field = says(p.schema, editing?.path ?? '')
  const all = loaded.length > 0 && loaded.every(d => p.selected.has(idOf(d)))
  return (
    <div ref={box} className={css.box} onScroll={onScroll} onClick={onClick}>
      <div
        ref={grid} className={css.grid} role="grid" tabIndex={0} aria-label={p.label} aria-rowcount={view.total + 1} aria-colcount={columns.length + 1} aria-multiselectable aria-readonly={p.readOnly}
        aria-activedescendant={view.total > 0 && active.row >= w.first && active.row <= w.last ? `cell-${active.row}-${active.col}` : undefined}
        onKeyDown={onKeyDown} data-grid data-loading={view.loading || undefined}
      >
        <Header
          columns={columns} widths={widths} kinds={p.kinds} sort={p.sort} checked={all} some={p.selected.size > 0}
          onCheck={() => p.onSelect(loaded, !all)} onSort={p.onSort} onResize={p.onResize} onMove={p.onMove}
        />
        <div className={css.body} role="rowgroup" style={{ height: w.height }}>
          <div className={css.slice} role="presentation" style={{ transform: `translateY(${w.offset}px)` }}>
            {indexes.map(i => {
              const d = docAt(i)
              const id = d ? idOf(d) : ''
              return (
                <Row
                  key={id === '' ? i : id} index={i} doc={d} columns={columns} widths={widths} active={active.row === i ? active.col : undefined} editing={editing !== undefined}
                  selected={p.selected.has(id)} open={id !== '' && id === p.openId} flash={p.flash.get(id)}
                />
              )
            })}
          </div>
        </div>
      </div>
      {editing && (
        <Editor
          key={idOf(editing.doc) + editing.path} value={at(editing.doc, editing.path)} usual={usualKind(loaded, editing.path, field.kind)} choices={field.enum} mayWiden={mayWiden(p.schema, editing.path)}
          label={t('data.edit.label', { field: editing.path, id: idOf(editing.doc) })} gone={view.loading || rows.find(idOf(editing.doc)) ? '' : idOf(editing.doc)}
          left={checkWidth + widths.slice(0, active.col).reduce((a, b) => a + b, 0)} top={headHeight + w.offset + (active.row - w.first) * rowHeight} width={widths[active.col] ?? 200}
          save={v => p.onSave(editing.doc, editing.path, v)} close={close}
        />
      )}
    </div>
  )
}

/** Where the cell of the cursor is now; where it was last, if it is not among the rows. */
function spotOf(c: Cursor, rows: Rows, columns: readonly Column[], { ended, total }: View): Spot {
  if (!c.placed) return { row: 0, col: 0 }
  const col = columns[c.col]?.path === c.path ? c.col : columns.findIndex(of => of.path === c.path)
  const there = rows.row(c.row)
  const row = c.id === '' || there && idOf(there) === c.id ? c.row : rows.find(c.id)?.index ?? c.row
  return { row: ended ? Math.max(0, Math.min(row, total - 1)) : row, col: Math.max(0, Math.min(col < 0 ? c.col : col, columns.length - 1)) }
}

const copied = (v: Value | undefined): string => v === undefined ? '' : typeof v === 'string' ? v : write(v)

function between(rows: Rows, a: number, b: number): Doc[] {
  const out: Doc[] = []
  for (let i = Math.min(a, b); i <= Math.max(a, b); i++) {
    const d = rows.row(i)
    if (d) out.push(d)
  }
  return out
}

function showColumn(box: HTMLDivElement | null, widths: readonly number[], col: number): void {
  if (!box || col === 0) return
  const fixed = checkWidth + (widths[0] ?? 0)
  const from = checkWidth + widths.slice(0, col).reduce((a, b) => a + b, 0)
  const to = from + (widths[col] ?? 0)
  if (from - fixed < box.scrollLeft) box.scrollLeft = from - fixed
  else if (to > box.scrollLeft + box.clientWidth) box.scrollLeft = to - box.clientWidth
}
