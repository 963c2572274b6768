import { lazy, Suspense, type ReactNode } from 'react'
import { Box, Skeleton } from '@mantine/core'
import { t } from '../text.ts'
import type { CodeProps } from './code/types.ts'

export type { CodeLanguage, CodeProps, CodeProblem } from './code/types.ts'

const Editor = lazy(() => import('./code/Editor.tsx'))

function Later({ height, small, children }: { height: number | 'fill' | undefined; small?: boolean | undefined; children: ReactNode }) {
  return <Suspense fallback={<Box role="status" aria-label={t('code.loading')} h={height === 'fill' ? '100%' : undefined}><Skeleton h={height === 'fill' ? '100%' : height ?? (small ? 38 : 120)} /></Box>}>{children}</Suspense>
}

/** Code to read; the editor is loaded when it is first shown. */
export function CodeView(props: Omit<CodeProps, 'onChange' | 'onSubmit' | 'onSave'>) {
  return <Later height={props.height} small={props.small}><Editor {...props} /></Later>
}

/** Code to write. Tab leaves it; Ctrl+] indents. */
export function CodeEdit(props: CodeProps & { onChange: (value: string) => void }) {
  return <Later height={props.height} small={props.small}><Editor {...props} /></Later>
}
