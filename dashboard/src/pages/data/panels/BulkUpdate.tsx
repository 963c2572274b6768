import { Alert, Button, Group, Modal, Paper, Progress, Skeleton, Stack, Text } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { notify } from '../../../parts/notify.tsx'
import { t } from '../../../text.ts'
import { tell } from '../acts.tsx'
import * as client from '../client.ts'
import { completeDoc } from '../document/complete.ts'
import { malformed } from '../document/lint.ts'
import { commitAll, updates } from '../model/commits.ts'
import type { Doc } from '../model/values.ts'
import { parseDoc } from '../model/wire.ts'

const Json = lazy(() => import('../document/Json.tsx'))

/** One change for all documents that are selected. */
export function BulkUpdate({ from, selected, schema, close, done }: { from: string; selected: ReadonlyMap<string, Doc>; schema: Doc | undefined; close: () => void; done: () => void }) {
  const [text, setText] = useState('{}')
  const [progress, setProgress] = useState<number>()
  const [problem, setProblem] = useState('')
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
        <Paper withBorder radius="sm">
          <Suspense fallback={<Skeleton height={36} />}><Json small value={text} label={t('data.bulk.patch')} onChange={setText} onSubmit={() => void run()} complete={c => completeDoc(c, schema)} /></Suspense>
        </Paper>
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
