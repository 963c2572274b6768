import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { Box, Skeleton } from '@mantine/core'
import type { LineProps } from './chart/Line.tsx'

export type { LineProps, Series } from './chart/Line.tsx'

const Line = lazy(() => import('./chart/Line.tsx'))

/** Values over time. The plot is loaded once the page around it stands and it comes near the window. */
export function LineChart(props: LineProps) {
  const place = useRef<HTMLDivElement>(null)
  const [near, setNear] = useState(false)
  const height = props.height ?? 180
  useEffect(() => {
    const seen = new IntersectionObserver(es => {
      if (!es.some(e => e.isIntersecting)) return
      seen.disconnect()
      later(() => setNear(true))
    }, { rootMargin: '200px' })
    seen.observe(place.current as Element)
    return () => seen.disconnect()
  }, [])
  const empty = <Skeleton h={height} animate={false} />
  return <Box ref={place} mih={height}>{near ? <Suspense fallback={empty}><Line {...props} /></Suspense> : empty}</Box>
}

/** When the browser has nothing better to do; Safari has no word for that. */
const later = (f: () => void): unknown => 'requestIdleCallback' in window ? requestIdleCallback(f, { timeout: 1000 }) : setTimeout(f, 200)
