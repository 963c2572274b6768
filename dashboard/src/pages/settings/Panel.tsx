import type { ReactNode } from 'react'
import { Text } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import { Failed, Loading, Stale } from '../../parts/states.tsx'
import { t, type Key } from '../../text.ts'
import css from './settings.module.css'

/** A tab: what it is about, its button, and its content once that is there. */
export function Panel<R>({ about, action, found, children }: { about: Key; action?: ReactNode; found: UseQueryResult<R>; children: (data: R) => ReactNode }) {
  return (
    <>
      <div className={css.head}>
        <Text size="sm" c="dimmed" className={css.lead as string}>{t(about)}</Text>
        {action}
      </div>
      <Stale of={found} />
      {found.isPending ? <Loading /> : found.isLoadingError ? <Failed error={found.error} retry={found.refetch} /> : children(found.data)}
    </>
  )
}
