import type { ReactNode } from 'react'
import { Table } from '@mantine/core'
import { t, type Key } from '../../text.ts'
import css from './settings.module.css'

interface Column<R> {
  head: Key
  cell: (row: R) => ReactNode
  /** Buttons, at the end: the head names them to who cannot see. */
  acts?: boolean
}

/** A table that scrolls sideways by itself. */
export function Rows<R>({ label, rows, id, columns }: { label: Key; rows: R[]; id: (row: R) => string; columns: Column<R>[] }) {
  return (
    <div className={css.scroll} tabIndex={0} role="region" aria-label={t(label)}>
      <Table verticalSpacing={8} horizontalSpacing="sm" fz="sm">
        <Table.Thead>
          <Table.Tr>{columns.map(c => c.acts ? <Table.Th key={c.head} aria-label={t(c.head)} /> : <Table.Th key={c.head}>{t(c.head)}</Table.Th>)}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(row => <Table.Tr key={id(row)}>{columns.map(c => <Table.Td key={c.head} {...(c.acts && { ta: 'end' })}>{c.cell(row)}</Table.Td>)}</Table.Tr>)}
        </Table.Tbody>
      </Table>
    </div>
  )
}
