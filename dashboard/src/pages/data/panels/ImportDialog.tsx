import { Alert, Button, FileInput, Group, Modal, Progress, SegmentedControl, Stack, Text } from '@mantine/core'
import { IconFileImport } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { apiError } from '../../../api/error.ts'
import { Plain } from '../../../parts/Plain.tsx'
import { bytes, t } from '../../../text.ts'
import type { Collection, Import } from '../client.ts'
import { formatOf, importFile } from './importing.ts'
import { ImportReport } from './ImportReport.tsx'

/** Brings the lines of a file into the collection, and tells which could not come. */
export function ImportDialog({ collection, close, done }: { collection: Collection; close: () => void; done: () => void }) {
  const cache = useQueryClient()
  const [file, setFile] = useState<File | null>(null)
  const [format, setFormat] = useState<'jsonl' | 'csv'>('jsonl')
  const [mode, setMode] = useState<'create' | 'set'>('create')
  const [sent, setSent] = useState(0)
  const [state, setState] = useState<Import>()
  const [busy, setBusy] = useState(false)
  const [over, setOver] = useState(false)
  const [error, setError] = useState<unknown>()
  const abort = useRef<AbortController>(undefined)
  useEffect(() => () => abort.current?.abort(), [])

  const choose = (f: File | null) => {
    setFile(f)
    if (f) setFormat(formatOf(f.name))
  }
  const run = async () => {
    if (!file) return
    const stop = abort.current = new AbortController()
    setBusy(true)
    setError(undefined)
    try {
      await importFile(collection.name, file, { format, mode }, (n, s) => {
        setSent(n)
        setState(s)
      }, stop.signal)
      setOver(true)
    } catch (e) {
      if (!stop.signal.aborted) setError(e)
      setOver(true)
    } finally {
      setBusy(false)
      done()
      void cache.invalidateQueries({ queryKey: ['data', 'collections'] })
    }
  }
  return (
    <Modal opened onClose={() => { if (!busy) close() }} size="lg" title={t('data.import.into', { name: collection.name })} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <Stack gap="sm">
        {!over && (
          <>
            <FileInput
              label={t('data.import.file')} description={t('data.import.fileAbout')} placeholder={t('data.import.choose')} value={file} onChange={choose} accept=".jsonl,.ndjson,.json,.csv,text/csv,application/jsonl" leftSection={<IconFileImport size={16} />}
              disabled={busy} clearable valueComponent={({ value }) => value && !Array.isArray(value) ? <span><Plain text={value.name} /> · {bytes(value.size)}</span> : null}
            />
            <Group gap="lg">
              <Choice label={t('data.import.format')} value={format} set={v => setFormat(v as 'jsonl' | 'csv')} data={[{ value: 'jsonl', label: 'JSONL' }, { value: 'csv', label: 'CSV' }]} />
              <Choice label={t('data.import.mode')} value={mode} set={v => setMode(v as 'create' | 'set')} data={[{ value: 'create', label: t('data.import.create') }, { value: 'set', label: t('data.import.set') }]} />
            </Group>
            <Text size="xs" c="dimmed">{t(format === 'csv' ? 'data.import.csvAbout' : 'data.import.jsonlAbout')} {t(mode === 'create' ? 'data.import.createAbout' : 'data.import.setAbout')}</Text>
          </>
        )}
        {(busy || over) && <Progress value={file && file.size > 0 ? sent / file.size * 100 : 100} animated={busy} aria-label={t('data.import.progress')} />}
        {state && <ImportReport state={state} file={file?.name ?? ''} over={over} />}
        {error !== undefined && <Alert color="red" p="xs" role="alert"><Plain text={apiError(error).message} wrap /></Alert>}
        <Group justify="flex-end" gap="xs">
          {busy
            ? <Button variant="default" onClick={() => abort.current?.abort()}>{t('data.import.stop')}</Button>
            : <Button variant="default" onClick={close}>{t('action.close')}</Button>}
          {!over && <Button onClick={() => void run()} loading={busy} disabled={!file}>{t('data.import.start')}</Button>}
        </Group>
      </Stack>
    </Modal>
  )
}

function Choice({ label, value, set, data }: { label: string; value: string; set: (v: string) => void; data: { value: string; label: string }[] }) {
  return (
    <div>
      <Text size="sm" fw={500} mb={4}>{label}</Text>
      <SegmentedControl size="xs" value={value} onChange={set} data={data} aria-label={label} />
    </div>
  )
}
