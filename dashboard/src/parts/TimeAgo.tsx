import { useEffect, useState } from 'react'
import { ago, bytes, dateTime } from '../text.ts'

/** How long ago, kept current; the exact time is its title. */
export function TimeAgo({ at }: { at: string | number | Date }) {
  const [, tick] = useState(0)
  const ms = new Date(at).getTime()
  useEffect(() => {
    const timer = setInterval(() => tick(n => n + 1), Date.now() - ms < 90_000 ? 5_000 : 60_000)
    return () => clearInterval(timer)
  }, [ms])
  if (Number.isNaN(ms)) return null
  return <time dateTime={new Date(ms).toISOString()} title={dateTime(ms)} className="tabular">{ago(ms)}</time>
}

/** A size in the units people read. */
export function Bytes({ n }: { n: number }) {
  return <span className="tabular" title={String(n)}>{bytes(n)}</span>
}
