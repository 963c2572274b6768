import { useEffect, useRef, useState } from 'react'
import { hutch } from '../../api/hutch.ts'
import type { Query } from './client.ts'
import { whereText } from './model/filter.ts'
import type { Rows } from './model/rows.ts'
import { pacer } from './model/pacer.ts'
import { sortText } from './model/sort.ts'
import { changedFields } from './model/diff.ts'
import { type Doc, idOf, same } from './model/values.ts'
import { write } from './model/wire.ts'

const firstPage = 100
const mostIds = 150
const pause = 250 // milliseconds that changes are gathered
const shown = 2400 // milliseconds a change stays marked

export type Flash = ReadonlyMap<string, ReadonlySet<string>>
export interface Live { status: 'off' | 'connecting' | 'live'; flash: Flash }

/**
 * Keeps the rows on screen current: a live query of the first page tells what
 * comes and goes, one of the ids on screen what changes further down. What they
 * tell is read again with its types, and marked.
 */
export function useLive(q: Query, rows: Rows, first: number, last: number, on: boolean): Live {
  const [status, setStatus] = useState<Live['status']>('connecting')
  const [flash, setFlash] = useState<Flash>(new Map())
  const key = [q.from, whereText(q.where), sortText(q.sort)].join('\n')
  const atTop = first < firstPage / 2
  const ids = atTop ? '' : screenIds(rows, first, last)

  const changed = useRef(() => {})
  useEffect(() => {
    const pace = pacer(async () => {
      const before = new Map(rows.loaded().map(d => [idOf(d), d]))
      await rows.refresh()
      const marks = marksOf(before, rows.loaded())
      if (marks.size === 0) return
      setFlash(marks)
      setTimeout(() => setFlash(f => f === marks ? new Map() : f), shown)
    }, pause)
    changed.current = pace.tell
    return pace.stop
  }, [rows])

  useEffect(() => {
    if (!on || !atTop && ids === '') return
    const where = atTop ? JSON.parse(write(q.where)) as Record<string, never> : { _id: { $in: JSON.parse(ids) as string[] } }
    let query = hutch.collection(q.from).where(where)
    if (atTop && q.sort.length > 0) query = query.orderBy(...q.sort.map(k => (k.desc ? '-' : '') + k.path) as never[])
    let begun = false
    return query.limit(atTop ? firstPage : mostIds).live().subscribe(r => {
      setStatus(r.status === 'live' ? 'live' : r.status === 'error' ? 'off' : 'connecting')
      if (r.status !== 'live') return
      if (!begun) { // the rows may have been read before
        begun = true
        if (r.data.some(d => {
          const row = rows.find(d._id)
          return row && write(row.doc.get('_version') ?? null) !== String(d._version)
        })) changed.current()
      } else if (r.changes.length > 0) changed.current()
    })
  }, [on, key, atTop, ids])
  return { status: on ? status : 'off', flash }
}

function screenIds(rows: Rows, first: number, last: number): string {
  const ids: string[] = []
  const from = Math.floor(first / 25) * 25 // a step of a few rows asks for nothing new
  for (let i = from; i <= last + 25 && ids.length < mostIds; i++) {
    const d = rows.row(i)
    if (d) ids.push(idOf(d))
  }
  return ids.length > 0 ? JSON.stringify(ids) : ''
}

/** By id, the fields that changed; '' for a document that came. */
function marksOf(before: ReadonlyMap<string, Doc>, after: readonly Doc[]): Map<string, Set<string>> {
  const out = new Map<string, Set<string>>()
  for (const d of after) {
    const old = before.get(idOf(d))
    if (!old) out.set(idOf(d), new Set(['']))
    else if (!same(old.get('_version'), d.get('_version'))) out.set(idOf(d), new Set([...changedFields(old, d), '_updatedAt', '_version']))
  }
  return out.size > 60 ? new Map() : out // the table moved: marks would say nothing
}
