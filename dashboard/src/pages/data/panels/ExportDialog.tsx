import { Alert, Button, Group, Loader, Modal, SegmentedControl, Stack, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { apiError } from '../../../api/error.ts'
import { notify } from '../../../parts/notify.tsx'
import { Plain } from '../../../parts/Plain.tsx'
import { bytes, t } from '../../../text.ts'
import * as client from '../client.ts'
import { saveAs } from '../download.ts'
import type { Column } from '../model/columns.ts'

/** All documents of the query on screen as a file. */
export function ExportDialog({ q, columns, close }: { q: client.Query; columns: readonly Column[]; close: () => void }) {
  const [format, setFormat] = useState<'jsonl' | 'csv'>('jsonl')
  const [size, setSize] = useState<number>()
  const [error, setError] = useState<unknown>()
  const abort = useRef<AbortController>(undefined)
  useEffect(() => () => abort.current?.abort(), [])

  const run = async () => {
    const stop = abort.current = new AbortController()
    setError(undefined)
    setSize(0)
    const parts: Blob[] = []
    let all = 0
    try {
      let after: string | undefined
      do {
        const page = await client.exportPage(q, format, format === 'csv' ? columns.map(c => c.path) : [], after, stop.signal)
        parts.push(page.bytes)
        all += page.bytes.size
        setSize(all)
        after = page.next
      } while (after !== undefined)
      saveAs(`${q.from}.${format}`, new Blob(parts, { type: format === 'csv' ? 'text/csv' : 'application/jsonl' }))
      notify(t('data.export.done', { size: bytes(all) }))
      close()
    } catch (e) {
      setSize(undefined)
      if (!stop.signal.aborted) setError(e)
    }
  }
  return (
    <Modal opened onClose={close} title={t('data.export.of', { name: q.from })} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <Stack gap="sm">
        <SegmentedControl size="xs" value={format} onChange={v => setFormat(v as 'jsonl' | 'csv')} data={[{ value: 'jsonl', label: 'JSONL' }, { value: 'csv', label: 'CSV' }]} disabled={size !== undefined} aria-label={t('data.import.format')} />
        <Text size="sm" c="dimmed">{t(q.where.size > 0 ? 'data.export.filtered' : 'data.export.all')} {t(format === 'csv' ? 'data.export.csvAbout' : 'data.export.jsonlAbout')}</Text>
        {size !== undefined && <Group gap="xs" role="status"><Loader size="xs" /><Text size="sm" className="tabular">{bytes(size)}</Text></Group>}
        {error !== undefined && <Alert color="red" p="xs" role="alert"><Plain text={apiError(error).message} wrap /></Alert>}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={() => size === undefined ? close() : abort.current?.abort()}>{t('action.cancel')}</Button>
          <Button onClick={() => void run()} loading={size !== undefined}>{t('data.export.start')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
