import type { ReactNode } from 'react'

export interface TableColumn<R> {
  id: string
  /** What stands in the head, also for screen readers. */
  header: string
  /** Instead of the bare header, e.g. nothing. */
  head?: ReactNode
  cell: (row: R) => ReactNode
  /** Pixels at first; people may drag it. */
  size?: number
  minSize?: number
  /** Numbers stand at the end. */
  align?: 'end'
}

export interface VirtualTableProps<R> {
  /** For screen readers: what the table holds. */
  label: string
  columns: TableColumn<R>[]
  rows: R[]
  rowId: (row: R) => string
  /** Enter or a click on a row. */
  onOpen?: (row: R) => void
  /** Delete on a row. */
  onDelete?: (row: R) => void
  /** The id of the row that is open beside the table. */
  current?: string | undefined
  /** A class for a row, e.g. to let it flash. */
  rowClass?: (row: R) => string | undefined
  /** There are more rows: loadMore is called when the end comes near. */
  hasMore?: boolean
  loadMore?: () => unknown
  loadingMore?: boolean
  /** How many rows there are in all, where it is known. */
  total?: number | undefined
  /** Under this name the browser remembers widths that people dragged. */
  remember?: string
  rowHeight?: number
}
