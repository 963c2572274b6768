import type { ReactNode } from 'react'

export interface TableColumn<R> {
  id: string
  /** What stands in the head, also for screen readers. */
  header: string
  /** Instead of the bare header, e.g. with an icon. */
  head?: ReactNode
  cell: (row: R) => ReactNode
  /** Pixels at first; people may drag it. */
  size?: number
  minSize?: number
  /** Numbers stand at the end. */
  align?: 'end'
  /** Can be sorted by. */
  sortable?: boolean
}

export interface TableSort { id: string; desc: boolean }

export interface VirtualTableProps<R> {
  /** For screen readers: what the table holds. */
  label: string
  columns: TableColumn<R>[]
  rows: R[]
  rowId: (row: R) => string
  /** Enter or a click on a row; the column of the active cell comes along. */
  onOpen?: (row: R, column: string) => void
  /** F2 or a double click on a cell. */
  onEdit?: (row: R, column: string) => void
  /** Delete on a row. */
  onDelete?: (row: R) => void
  /** With onSelect, rows have boxes: a click, Space, Shift for many, Ctrl+A for all that are loaded. */
  selected?: ReadonlySet<string>
  onSelect?: (ids: Set<string>) => void
  sort?: TableSort | undefined
  onSort?: (column: string) => void
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
  /** Ids of columns that are not shown. */
  hidden?: ReadonlySet<string>
  /** Under this name the browser remembers widths that people dragged. */
  remember?: string
  rowHeight?: number
  /** Pixels; without it the table fills what its parent leaves. */
  height?: number
}
