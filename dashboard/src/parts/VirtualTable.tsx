import { useEffect, useId, useMemo, useRef, useState } from 'react'
import { Loader } from '@mantine/core'
import { columnResizingFeature, columnSizingFeature, tableFeatures, useTable, type ColumnDef } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { Head } from './table/Head.tsx'
import type { VirtualTableProps } from './table/types.ts'
import { useGridKeys } from './table/useGridKeys.ts'
import { readWidths, writeWidths } from './table/widths.ts'
import './table/table.css'

export type { TableColumn, VirtualTableProps } from './table/types.ts'

const features = tableFeatures({ columnSizingFeature, columnResizingFeature })

/** A grid of any number of rows, of which only those in sight are in the page. */
export function VirtualTable<R>(p: VirtualTableProps<R>) {
  const { rows, rowHeight = 36, hasMore = false, loadingMore = false, loadMore } = p
  const scroller = useRef<HTMLDivElement>(null)
  const id = useId()
  const columns = useMemo<ColumnDef<typeof features, object>[]>(
    () => p.columns.map(c => ({ id: c.id, header: c.header, size: c.size ?? 160, minSize: c.minSize ?? 60, maxSize: 1200 })),
    [p.columns],
  )
  const [widths, setWidths] = useState(() => readWidths(p.remember))
  const table = useTable({
    features, columns, data: none, columnResizeMode: 'onChange',
    state: { columnSizing: widths },
    onColumnSizingChange: next => setWidths(old => typeof next === 'function' ? next(old) : next),
  })
  useEffect(() => writeWidths(p.remember, widths), [p.remember, widths])
  const heads = table.getHeaderGroups()[0]?.headers ?? []
  const byId = useMemo(() => new Map(p.columns.map(c => [c.id, c])), [p.columns])
  const shown = heads.map(h => h.column.id)

  const virtual = useVirtualizer({
    count: rows.length + (hasMore ? 1 : 0), getScrollElement: () => scroller.current, estimateSize: () => rowHeight, overscan: 12, scrollPaddingStart: rowHeight + 2,
  })
  const items = virtual.getVirtualItems()
  const end = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (hasMore && !loadingMore && end >= rows.length - 1) void loadMore?.()
  }, [hasMore, loadingMore, end, rows.length, loadMore])

  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / rowHeight) - 2)
  const { active, setAt, onKeyDown } = useGridKeys(p, shown.length, page, row => virtual.scrollToIndex(row))
  const template = heads.map((h, i) => i === heads.length - 1 ? `minmax(${h.getSize()}px, 1fr)` : h.getSize() + 'px').join(' ')
  const width = heads.reduce((sum, h) => sum + h.getSize(), 0)

  return (
    <div
      ref={scroller} className="grid" role="grid" aria-label={p.label} tabIndex={0} onKeyDown={onKeyDown}
      aria-rowcount={(p.total ?? (hasMore ? -1 : rows.length)) + (p.total === undefined && hasMore ? 0 : 1)} aria-colcount={shown.length}
      {...(rows.length > 0 && { 'aria-activedescendant': `${id}-${active.row}-${active.col}` })}
      style={{ '--columns': template, '--row': rowHeight + 'px' } as React.CSSProperties}
    >
      <div className="grid-body" style={{ minWidth: width }}>
        <div className="grid-head" role="row" aria-rowindex={1}>
          {heads.map(h => (
            <Head
              key={h.id} column={byId.get(h.column.id)} resize={h.getResizeHandler()} resizing={h.column.getIsResizing()} width={h.getSize()}
              widen={by => setWidths(old => ({ ...old, [h.column.id]: Math.max(60, h.getSize() + by) }))}
            />
          ))}
        </div>
        <div role="rowgroup" className="grid-rows" style={{ height: virtual.getTotalSize() }}>
          {items.map(item => {
            const row = rows[item.index]
            const style = { transform: `translateY(${item.start}px)` }
            if (row === undefined) return <div key="more" className="grid-more" role="row" style={style}><div role="gridcell"><Loader size={16} /></div></div>
            const key = p.rowId(row)
            return (
              <div
                key={key} className={'grid-row ' + (p.rowClass?.(row) ?? '')} role="row" aria-rowindex={item.index + 2} style={style}
                data-current={key === p.current || undefined} data-open={p.onOpen ? true : undefined}
              >
                {shown.map((name, c) => (
                  <div
                    key={name} id={`${id}-${item.index}-${c}`} role="gridcell" className="grid-cell" data-end={byId.get(name)?.align === 'end' || undefined}
                    data-active={(active.row === item.index && active.col === c) || undefined}
                    onClick={e => {
                      setAt({ row: item.index, col: c })
                      if (!(e.target as HTMLElement).closest('a, button, input, textarea, [contenteditable]')) p.onOpen?.(row)
                    }}
                  >
                    {byId.get(name)?.cell(row)}
                  </div>
                ))}
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}

const none: object[] = []
