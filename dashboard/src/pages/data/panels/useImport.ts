import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { Import } from '../client.ts'
import { told } from '../model/csv.ts'
import { goOn, importFile } from './importing.ts'
import type { Chosen } from './useFile.ts'

/** An import under way: how far it is, and how it ended. */
export function useImport(collection: string, done: () => void) {
  const cache = useQueryClient()
  const [sent, setSent] = useState(0)
  const [state, setState] = useState<Import>()
  const [phase, setPhase] = useState<'before' | 'busy' | 'over'>('before')
  const [error, setError] = useState<unknown>()
  const abort = useRef<AbortController>(undefined)
  useEffect(() => () => abort.current?.abort(), [])

  const run = async (f: (progress: (n: number, s: Import) => void, signal: AbortSignal) => Promise<Import>) => {
    const stop = abort.current = new AbortController()
    const [before, answered] = [phase, { once: false }]
    setPhase('busy')
    setError(undefined)
    try {
      await f((n, s) => {
        answered.once = true
        setSent(n)
        setState(s)
      }, stop.signal)
    } catch (e) {
      if (!stop.signal.aborted) setError(e)
    } finally {
      setPhase(answered.once ? 'over' : before) // a start that failed can be put right
      done()
      void cache.invalidateQueries({ queryKey: ['data', 'collections'] })
      void cache.invalidateQueries({ queryKey: ['data', 'imports'] })
    }
  }
  return {
    sent, state, error, busy: phase === 'busy', over: phase === 'over',
    begin: (file: File, { format, mode, separator, columns }: Chosen) =>
      run((progress, signal) => importFile(collection, file, { format, mode, ...(format === 'csv' && { separator, header: true, ...told(columns) }) }, progress, signal)),
    goOn: (begun: Import, file: File) => run((progress, signal) => goOn(begun, file, progress, signal)),
    stop: () => abort.current?.abort(),
  }
}
