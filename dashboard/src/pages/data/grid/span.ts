import { useEffect, useState, useSyncExternalStore } from 'react'

/** Rows that can be seen, the first and the last; kept apart from the page so that scrolling draws the table alone. */
export interface Span { first: number; last: number }

export class SpanStore {
  private span: Span = { first: 0, last: 0 }
  private readonly listeners = new Set<() => void>()

  readonly get = (): Span => this.span

  readonly subscribe = (f: () => void): (() => void) => {
    this.listeners.add(f)
    return () => this.listeners.delete(f)
  }

  readonly set = (first: number, last: number): void => {
    if (first === this.span.first && last === this.span.last) return
    this.span = { first, last }
    for (const f of [...this.listeners]) f()
  }
}

export const useSpan = (s: SpanStore): Span => useSyncExternalStore(s.subscribe, s.get)

/** The span once scrolling has come to rest. */
export function useRest(s: SpanStore, ms: number): Span {
  const [span, setSpan] = useState(s.get())
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const wait = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => setSpan(s.get()), ms)
    }
    const stop = s.subscribe(wait)
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [s, ms])
  return span
}
