import { Alert, Button, Group, Paper, Skeleton, Stack } from '@mantine/core'
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { t } from '../../../text.ts'
import { completeWhere } from '../document/complete.ts'
import { malformed } from '../document/lint.ts'
import { whereText } from '../model/filter.ts'
import type { Doc } from '../model/values.ts'
import { parseDoc, write } from '../model/wire.ts'

const Json = lazy(() => import('../document/Json.tsx'))

/** The filter as the query has it. */
export function RawFilter({ text: applied, fields, schema, apply, ways }: { text: string; fields: readonly string[]; schema: Doc | undefined; apply: (text: string) => void; ways: ReactNode }) {
  const [text, setText] = useState(() => pretty(applied))
  const [problem, setProblem] = useState('')
  const run = () => {
    try {
      apply(text.trim() === '' ? '' : whereText(parseDoc(text)))
      setProblem('')
    } catch (e) {
      setProblem(malformed(e, text).message)
    }
  }
  return (
    <Stack gap="sm">
      <Paper withBorder radius="sm">
        <Suspense fallback={<Skeleton height={36} />}>
          <Json
            small value={text} label={t('data.filter.json')} onChange={setText} onSubmit={run} complete={c => completeWhere(c, fields, schema)}
            lint={s => {
              try {
                if (s.trim() !== '') parseDoc(s)
                return []
              } catch (e) {
                return [malformed(e, s)]
              }
            }}
          />
        </Suspense>
      </Paper>
      {problem && <Alert color="red" p="xs" role="alert">{problem}</Alert>}
      <Group gap="xs">
        <Button size="xs" onClick={run}>{t('data.filter.apply')}</Button>
        <Button
          size="xs" variant="default" onClick={() => {
            setText('{}')
            setProblem('')
            apply('')
          }}
        >{t('data.filter.clear')}</Button>
        {ways}
      </Group>
    </Stack>
  )
}

function pretty(text: string): string {
  try {
    return text === '' ? '{}' : write(parseDoc(text), text.length > 60 ? 2 : 0)
  } catch {
    return text
  }
}
