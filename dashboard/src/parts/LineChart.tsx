import { lazy, Suspense } from 'react'
import { Skeleton } from '@mantine/core'
import type { LineProps } from './chart/Line.tsx'

export type { LineProps, Series } from './chart/Line.tsx'

const Line = lazy(() => import('./chart/Line.tsx'))

/** Values over time; loaded when first shown. */
export function LineChart(props: LineProps) {
  return <Suspense fallback={<Skeleton h={props.height ?? 180} />}><Line {...props} /></Suspense>
}
