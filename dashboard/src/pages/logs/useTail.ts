import { useEffect, useRef, useState } from 'react'
import { get, type Query } from '../../api/api.ts'
import { apiError } from '../../api/error.ts'

const most = 1000

interface Page<T> { runs?: T[]; logs?: T[]; next: string }

/**
 * What comes, the newest first, while on: each request waits for something. Off
 * is a pause: it goes on where it stood, until the query is another. begun is told
 * when it begins anew: what came since the list was read is read by reading it again.
 */
export function useTail<T>(kind: 'runs' | 'logs', query: Query, on: boolean, id: (item: T) => string, begun: () => unknown): { items: T[]; error: unknown } {
  const [items, setItems] = useState<T[]>([])
  const [error, setError] = useState<unknown>()
  const at = useRef({ query: '', cursor: '' })
  const asked = JSON.stringify(query)
  const tell = useRef(begun)
  useEffect(() => {
    tell.current = begun
  })
  useEffect(() => {
    if (!on) return
    if (at.current.query !== asked) {
      at.current = { query: asked, cursor: '' }
      setItems([])
    }
    const stop = new AbortController()
    const run = async () => {
      for (let pause = 1000; !stop.signal.aborted;) {
        try {
          const page = await get<Page<T>>('/admin/v1/tail', { ...JSON.parse(asked) as Query, kind, after: at.current.cursor }, stop.signal)
          if (at.current.cursor === '') {
            setItems([]) // they are older than what the list has by now
            tell.current()
          }
          at.current.cursor = page.next
          const come = [...page.runs ?? page.logs ?? []].reverse()
          if (come.length > 0) {
            setItems(old => {
              const had = new Set(come.map(id))
              return [...come, ...old.filter(o => !had.has(id(o)))].slice(0, most)
            })
          }
          setError(undefined)
          pause = 1000
        } catch (e) {
          if (stop.signal.aborted) return
          if (apiError(e).code === 'invalid_argument') at.current.cursor = ''
          setError(e)
          await new Promise(done => setTimeout(done, pause))
          pause = Math.min(2 * pause, 15_000)
        }
      }
    }
    void run()
    return () => stop.abort()
  }, [kind, asked, on, id])
  return { items, error }
}
