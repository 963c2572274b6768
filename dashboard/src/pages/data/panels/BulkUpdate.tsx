import { Alert, Button, Group, Progress, Stack, Text } from '@mantine/core'
import { useMemo, useState } from 'react'
import { CodeEdit } from '../../../parts/Code.tsx'
import { Modal } from '../../../parts/Modal.tsx'
import { notify } from '../../../parts/notify.tsx'
import { t, useLanguage } from '../../../text.ts'
import { tell } from '../acts.tsx'
import * as client from '../client.ts'
import { completeDoc } from '../document/complete.ts'
import { lintObject, malformed } from '../document/lint.ts'
import { commitAll, updates } from '../model/commits.ts'
import type { Doc } from '../model/values.ts'
import { parseDoc } from '../model/wire.ts'

/** One change for all documents that are selected. */
export function BulkUpdate({ from, selected, schema, close, done }: { from: string; selected: ReadonlyMap<string, Doc>; schema: Doc | undefined; close: () => void; done: () => void }) {
  const [text, setText] = useState('{}')
  const [progress, setProgress] = useState<number>()
  const [problem, setProblem] = useState('')
  const language = useLanguage()
  const marks = useMemo(() => lintObject(text), [text, language])
  const run = async () => {
    let patch: Doc
    try {
      patch = parseDoc(text)
    } catch (e) {
      return setProblem(malformed(e, text).message)
    }
    if (patch.size === 0) return setProblem(t('data.bulk.nothing'))
    setProblem('')
    setProgress(0)
    const report = await commitAll(updates(from, [...selected.keys()], patch), client.commit, client.refusal, setProgress)
    setProgress(undefined)
    tell(report)
    if (report.done.length > 0) {
      notify(t('data.bulk.done', { n: report.done.length }))
      done()
    }
  }
  return (
    <Modal opened onClose={close} title={t('data.bulk.updateTitle', { n: selected.size })} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">{t('data.bulk.updateAbout')}</Text>
        <CodeEdit small language="json" wrap maxHeight={220} value={text} label={t('data.bulk.patch')} onChange={setText} onSubmit={() => void run()} problems={marks} completeAt={c => completeDoc(c, schema)} />
        {problem && <Alert color="red" p="xs" role="alert">{problem}</Alert>}
        {progress !== undefined && <Progress value={progress / Math.max(1, selected.size) * 100} aria-label={t('data.bulk.updateTitle', { n: selected.size })} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>{t('action.cancel')}</Button>
          <Button onClick={() => void run()} loading={progress !== undefined}>{t('data.bulk.update')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
