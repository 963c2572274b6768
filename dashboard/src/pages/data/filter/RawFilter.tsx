import { Alert, Button, Group, Stack } from '@mantine/core'
import { type ReactNode, useMemo, useState } from 'react'
import { CodeEdit } from '../../../parts/Code.tsx'
import { t, useLanguage } from '../../../text.ts'
import { completeWhere } from '../document/complete.ts'
import { lintObject, malformed } from '../document/lint.ts'
import { whereText } from '../model/filter.ts'
import type { Doc } from '../model/values.ts'
import { parseDoc, write } from '../model/wire.ts'

/** The filter as the query has it. */
export function RawFilter({ text: applied, fields, schema, apply, ways }: { text: string; fields: readonly string[]; schema: Doc | undefined; apply: (text: string) => void; ways: ReactNode }) {
  const [text, setText] = useState(() => pretty(applied))
  const [problem, setProblem] = useState('')
  const language = useLanguage()
  const marks = useMemo(() => lintObject(text), [text, language])
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
      <CodeEdit small language="json" wrap maxHeight={220} value={text} label={t('data.filter.json')} onChange={setText} onSubmit={run} problems={marks} completeAt={c => completeWhere(c, fields, schema)} />
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
