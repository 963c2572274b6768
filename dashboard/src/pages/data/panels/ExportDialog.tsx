import { Alert, Button, Group, Loader, Progress, SegmentedControl, Stack, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { apiError } from '../../../api/error.ts'
import { Modal } from '../../../parts/Modal.tsx'
import { notify } from '../../../parts/notify.tsx'
import { Plain } from '../../../parts/Plain.tsx'
import { bytes, t } from '../../../text.ts'
import * as client from '../client.ts'
import { saveAs } from '../download.ts'
import type { Column } from '../model/columns.ts'
import { recordsIn } from '../model/cut.ts'

/** What has come of an export; in all, where the server could tell soon. */
interface Done { size: number; docs: number; total: number | undefined }

/** All documents of the query on screen as a file. */
export function ExportDialog({ q, columns, close }: { q: client.Query; columns: readonly Column[]; close: () => void }) {
  const [format, setFormat] = useState<'jsonl' | 'csv'>('jsonl')
  const [done, setDone] = useState<Done>()
  const [error, setError] = useState<unknown>()
  const abort = useRef<AbortController>(undefined)
  useEffect(() => () => abort.current?.abort(), [])

  const run = async () => {
    const stop = abort.current = new AbortController()
    setError(undefined)
    const parts: Blob[] = []
    const all: Done = { size: 0, docs: 0, total: undefined }
    setDone({ ...all })
    try {
      let after: string | undefined
      do {
        const page = await client.exportPage(q, format, format === 'csv' ? columns.map(c => c.path) : [], after, stop.signal)
        parts.push(page.bytes)
        all.size += page.bytes.size
        all.docs += recordsIn(new Uint8Array(await page.bytes.arrayBuffer()), format === 'csv') - (format === 'csv' && after === undefined ? 1 : 0)
        all.total ??= page.total
        setDone({ ...all })
        after = page.next
      } while (after !== undefined)
      saveAs(`${q.from}.${format}`, new Blob(parts, { type: format === 'csv' ? 'text/csv' : 'application/jsonl' }))
      notify(t('data.export.done', { n: all.docs, size: bytes(all.size) }))
      close()
    } catch (e) {
      setDone(undefined)
      if (!stop.signal.aborted) setError(e)
    }
  }
  return (
    <Modal opened onClose={close} title={t('data.export.of', { name: q.from })} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <Stack gap="sm">
        <SegmentedControl size="xs" value={format} onChange={v => setFormat(v as 'jsonl' | 'csv')} data={[{ value: 'jsonl', label: 'JSONL' }, { value: 'csv', label: 'CSV' }]} disabled={done !== undefined} aria-label={t('data.import.format')} />
        <Text size="sm" c="dimmed">{t(q.where.size > 0 ? 'data.export.filtered' : 'data.export.all')} {t(format === 'csv' ? 'data.export.csvAbout' : 'data.export.jsonlAbout')}</Text>
        {done && <HowFar {...done} />}
        {error !== undefined && <Alert color="red" p="xs" role="alert"><Plain text={apiError(error).message} wrap /></Alert>}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={() => !done ? close() : abort.current?.abort()}>{t('action.cancel')}</Button>
          <Button onClick={() => void run()} loading={done !== undefined}>{t('data.export.start')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function HowFar({ size, docs, total }: Done) {
  const text = total === undefined ? t('data.export.some', { n: docs, size: bytes(size) }) : t('data.export.part', { n: docs, total, size: bytes(size) })
  return (
    <div role="status" data-export>
      <Group gap="xs">{total === undefined && <Loader size="xs" />}<Text size="sm" className="tabular">{text}</Text></Group>
      {total !== undefined && total > 0 && <Progress mt={6} value={Math.min(100, docs / total * 100)} animated aria-label={t('data.export.progress')} />}
    </div>
  )
}
