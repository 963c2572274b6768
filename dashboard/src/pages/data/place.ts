import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'wouter'
import { drawn } from '../../parts/unsaved.ts'
import { type Column, parseColumns } from './model/columns.ts'
import { parseSort, type SortKey } from './model/sort.ts'
import type { Doc } from './model/values.ts'
import { parseDoc } from './model/wire.ts'

/** Where on the page someone is: all of it is in the URL's query. */
export interface Place {
  collection: string
  tab: string
  whereText: string
  /** undefined while the text in the URL is no filter. */
  where: Doc | undefined
  sort: SortKey[]
  /** undefined while nobody chose. */
  columns: Column[] | undefined
  as: string
  /** The id of the open document; `+` and a name for a new one. */
  doc: string
  panel: string
  view: string
}

const names = { collection: 'in', tab: 'tab', where: 'where', sort: 'sort', columns: 'cols', as: 'as', doc: 'doc', panel: 'panel', view: 'view' } as const
export type Patch = Partial<Record<keyof typeof names, string>>
/** anyway: nothing is lost that was written. */
export type Go = (patch: Patch, o?: { replace?: boolean; anyway?: boolean }) => void

export function usePlace(): [Place, Go] {
  const [params, setParams] = useSearchParams()
  const text = params.toString()
  const place = useMemo((): Place => {
    const p = new URLSearchParams(text)
    const of = (k: keyof typeof names): string => p.get(names[k]) ?? ''
    let where: Doc | undefined
    try {
      where = of('where') === '' ? new Map() : parseDoc(of('where'))
    } catch {
      where = undefined
    }
    const moves = of('panel') === 'import' || of('panel') === 'export' // never through somebody's eyes
    return {
      collection: of('collection'), tab: of('tab') || 'documents', whereText: of('where'), where, sort: parseSort(of('sort')),
      columns: of('columns') === '' ? undefined : parseColumns(of('columns')), as: moves ? '' : of('as'), doc: of('doc'), panel: of('panel'), view: of('view'),
    }
  }, [text])
  const go = useCallback<Go>((patch, o = {}) => {
    const options = { replace: o.replace ?? false, anyway: o.anyway ?? false } // all of them reach the router
    setParams(old => {
      const next = new URLSearchParams(old)
      for (const [k, v] of Object.entries(patch)) {
        const name = names[k as keyof typeof names]
        if (v === '') next.delete(name)
        else next.set(name, v)
      }
      return next
    }, options)
  }, [setParams])
  return [place, go]
}

const keeps = (to: URL, of: (keyof typeof names)[]): boolean =>
  to.pathname === drawn().pathname && of.every(k => to.searchParams.get(names[k]) === drawn().searchParams.get(names[k]))

/** Whether an address shows the document that is open now. */
export const sameDoc = (to: URL): boolean => keeps(to, ['collection', 'tab', 'as', 'doc'])

/** Whether an address shows the panel that is open now. */
export const samePanel = (to: URL): boolean => keeps(to, ['collection', 'tab', 'panel'])

/** Another collection: nothing of the old one's query stays, but whose eyes it is seen through. */
export const otherCollection = (name: string): Patch => ({ collection: name, tab: '', where: '', sort: '', columns: '', doc: '', panel: '', view: '' })
