import { useQuery } from '@tanstack/react-query'
import { useMemo, useRef, useState } from 'react'
import { t, type Key } from '../../text.ts'
import * as client from './client.ts'
import { show } from './model/cell.ts'
import { allFields, type Column, defaultColumns, fit } from './model/columns.ts'
import type { Rows } from './model/rows.ts'
import { fieldsOf, says } from './model/schema.ts'
import { at, type Doc, isSystem, type Kind, kindOf } from './model/values.ts'
import type { Place } from './place.ts'

/** The columns on screen, all fields there are, and widths that fit what was read first. */
export function useColumns(place: Place, schema: Doc | undefined, rows: Rows, generation: number) {
  const [dragged, setDragged] = useState<Column>()
  const sample = useRef<{ rows: Rows; docs: Doc[] }>({ rows, docs: [] })
  if (sample.current.rows !== rows) sample.current = { rows, docs: sample.current.docs }
  if (sample.current.docs.length === 0 || generation < 4) {
    const docs = rows.loaded()
    if (docs.length > 0) sample.current.docs = docs.slice(0, 100)
  }
  const seen = useQuery({ queryKey: ['data', 'fields', place.collection], queryFn: ({ signal }) => client.seenFields(place.collection, signal), enabled: place.collection !== '', staleTime: 60_000 })
  const first = sample.current.docs
  const schemaFields = useMemo(() => fieldsOf(schema), [schema])
  const top = useMemo(() => (seen.data?.fields ?? []).map(f => f.path).filter(f => !f.includes('.') && !isSystem(f)), [seen.data])
  const tops = useMemo(() => allFields([...new Set([...schemaFields, ...top])], first), [schemaFields, top, first])
  const fields = useMemo(() => [...new Set([...tops, ...(seen.data?.fields ?? []).map(f => f.path)])], [tops, seen.data])
  const columns = useMemo(() => (place.columns ?? defaultColumns(tops)).map(c => c.path === dragged?.path ? dragged : c), [place.columns, tops, dragged])
  const fits = useMemo(() => new Map(columns.map(c => [c.path, fit(c.path, first.map(d => show(at(d, c.path))))])), [columns.map(c => c.path).join('\n'), first])
  const widths = columns.map(c => c.width ?? (c.path === '_updatedAt' || c.path === '_createdAt' ? 230 : fits.get(c.path) ?? 140))
  const kinds = columns.map(c => kindText(c.path, schema, first))
  const resize = (i: number, width: number, done?: (c: Column[]) => void) => {
    const c = columns[i]
    if (!c) return
    setDragged(done ? undefined : { path: c.path, width })
    done?.(columns.map((x, k) => k === i ? { path: x.path, width } : x))
  }
  return { columns, fields, widths, kinds, resize }
}

/** What type a column has, in a word: the schema's, or those seen. */
function kindText(path: string, schema: Doc | undefined, docs: readonly Doc[]): string {
  if (path === '_id') return 'id'
  const kinds = new Set<Kind>()
  for (const d of docs) {
    const v = at(d, path)
    if (v !== undefined && v !== null) kinds.add(kindOf(v))
  }
  const said = says(schema, path)
  if (said.enum.length > 0) return t('data.kind.enum')
  const known = said.kind ?? (kinds.size === 1 ? [...kinds][0] : undefined)
  if (known === 'double' || kinds.size === 2 && kinds.has('int') && kinds.has('double')) return t('data.kind.number')
  return known ? t(`data.kind.${known}` as Key) : kinds.size > 1 ? t('data.kind.mixed') : ''
}
