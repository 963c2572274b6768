import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useSyncExternalStore } from 'react'
import * as client from './client.ts'
import { whereText } from './model/filter.ts'
import { Rows, type View } from './model/rows.ts'
import { sortText } from './model/sort.ts'
import { idOf } from './model/values.ts'

/** The rows of the query on screen, and how many it has where that can be told. */
export function useRows(q: client.Query, known: { count: number; exact: boolean } | undefined): { rows: Rows; view: View; count: number | undefined } {
  const key = [q.from, whereText(q.where), sortText(q.sort), q.as].join('\n')
  const rows = useMemo(() => new Rows((after, limit, signal, idsOnly) => client.page(q, after, limit, signal, idsOnly), 0, client.byId(q) ? idOf : undefined), [key])
  const view = useSyncExternalStore(rows.subscribe, rows.snapshot)
  const plain = q.where.size === 0 && q.as === ''
  const counted = useQuery({
    queryKey: ['data', 'count', key],
    queryFn: ({ signal }) => client.count(q, signal),
    enabled: !plain || known?.exact === false && known.count < 50_000,
    retry: false, // over its budget a count is refused, and stays so
    staleTime: 30_000,
  })
  const count = view.ended ? view.total : plain ? counted.data ?? known?.count : counted.data
  useEffect(() => {
    rows.open()
    rows.want(0, 50)
    return () => rows.close()
  }, [rows])
  useEffect(() => {
    if (count !== undefined && !view.ended) rows.expect(count)
  }, [rows, count, view.ended])
  return { rows, view, count }
}
