import { Alert, Button, FileInput, Group, Progress, SegmentedControl, Stack, Text } from '@mantine/core'
import { IconFileImport } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { ErrorText } from '../../../parts/ErrorText.tsx'
import { Modal } from '../../../parts/Modal.tsx'
import { Plain } from '../../../parts/Plain.tsx'
import { useUnsaved } from '../../../parts/useUnsaved.ts'
import { bytes, t } from '../../../text.ts'
import * as client from '../client.ts'
import { clashes } from '../model/csv.ts'
import type { Doc } from '../model/values.ts'
import { samePanel } from '../place.ts'
import { ImportColumns } from './ImportColumns.tsx'
import { ImportReport } from './ImportReport.tsx'
import { Unfinished } from './Unfinished.tsx'
import { useFile } from './useFile.ts'
import { useImport } from './useImport.ts'

interface Props { collection: client.Collection; fields: readonly string[]; schema: Doc | undefined; close: () => void; done: () => void }

/** Brings the lines of a file into the collection, and tells which could not come. */
export function ImportDialog({ collection, fields, schema, close, done }: Props) {
  const own = useMemo(() => fields.filter(f => f !== '_version'), [fields])
  const { file, format, mode, separator, columns, mark, choose, set } = useFile(own)
  const { state, sent, busy, over, error, begin, goOn, stop } = useImport(collection.name, done)
  const open = useQuery({ queryKey: ['data', 'imports'], queryFn: ({ signal }) => client.imports(signal), staleTime: 0, refetchInterval: 15_000 })
  const unfinished = (open.data?.imports ?? []).filter(m => m.collection === collection.name && m.state === 'open' && m.mark !== '')
  const known = file && unfinished.find(m => m.mark === mark)
  useUnsaved(busy, samePanel, () => ({ title: t('data.import.leaveTitle'), about: t('data.import.leaveAbout'), action: t('data.import.stop') }))

  const csv = format === 'csv'
  const ready = file !== null && (!csv || columns.length > 0 && clashes(columns).size === 0)
  const resumable = over && !busy && state?.state === 'open' && file !== null
  return (
    <Modal opened onClose={() => { if (!busy) close() }} closeOnClickOutside={file === null || over} size="xl" title={t('data.import.into', { name: collection.name })} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <Stack gap="sm">
        {!over && !busy && (
          <>
            <Unfinished
              list={unfinished} goOn={(m, f) => {
                choose(f)
                void goOn(m, f)
              }}
            />
            <FileInput
              label={t('data.import.file')} description={t('data.import.fileAbout')} placeholder={t('data.import.choose')} value={file} onChange={choose} accept=".jsonl,.ndjson,.json,.csv,.tsv,.tab,text/csv,application/jsonl" leftSection={<IconFileImport size={16} />}
              clearable clearButtonProps={{ 'aria-label': t('data.import.clear') }} valueComponent={({ value }) => value && !Array.isArray(value) ? <span><Plain text={value.name} /> · {bytes(value.size)}</span> : null}
            />
            <Group gap="lg">
              <Choice label={t('data.import.format')} value={format} set={v => set({ format: v as 'jsonl' | 'csv' })} data={[{ value: 'jsonl', label: 'JSONL' }, { value: 'csv', label: 'CSV' }]} />
              {csv && <Choice label={t('data.import.separator')} value={separator} set={v => set({ separator: v as ',' })} data={[{ value: ',', label: t('data.import.comma') }, { value: ';', label: t('data.import.semicolon') }, { value: '\t', label: t('data.import.tab') }]} />}
              <Choice label={t('data.import.mode')} value={mode} set={v => set({ mode: v as 'create' | 'set' })} data={[{ value: 'create', label: t('data.import.create') }, { value: 'set', label: t('data.import.set') }]} />
            </Group>
            <Text size="xs" c="dimmed">{t(csv ? 'data.import.csvAbout' : 'data.import.jsonlAbout')} {t(mode === 'create' ? 'data.import.createAbout' : 'data.import.setAbout')}</Text>
            {csv && file && <ImportColumns list={columns} fields={own} schema={schema} change={list => set({ columns: list })} />}
            {known && (
              <Alert color="blue" p="xs" role="status">
                <Group justify="space-between" gap="xs">
                  <Text size="sm">{t('data.import.begun', { n: known.lines })}</Text>
                  <Button size="compact-sm" variant="light" onClick={() => void goOn(known, file)}>{t('data.import.goOn')}</Button>
                </Group>
              </Alert>
            )}
          </>
        )}
        {(busy || over) && file && <Text size="sm" component="div"><Plain text={file.name} /> · {bytes(file.size)}</Text>}
        {(busy || over) && <Progress value={file && file.size > 0 ? sent / file.size * 100 : 100} animated={busy} aria-label={t('data.import.progress')} />}
        {state && <ImportReport state={state} file={file?.name ?? ''} over={over} />}
        {error !== undefined && <Alert color="red" p="xs" role="alert"><ErrorText error={error} /></Alert>}
        {resumable && <Text size="sm" c="dimmed">{t('data.import.paused')}</Text>}
        <Group justify="flex-end" gap="xs">
          {busy
            ? <Button variant="default" onClick={stop}>{t('data.import.stop')}</Button>
            : <Button variant="default" onClick={close}>{t('action.close')}</Button>}
          {resumable && <Button onClick={() => void goOn(state, file)}>{t('data.import.goOn')}</Button>}
          {!over && !busy && <Button onClick={() => file && void begin(file, { format, mode, separator, columns })} disabled={!ready}>{t('data.import.start')}</Button>}
        </Group>
      </Stack>
    </Modal>
  )
}

function Choice({ label, value, set, data }: { label: string; value: string; set: (v: string) => void; data: { value: string; label: string }[] }) {
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>{label}</Text>
      <SegmentedControl size="xs" value={value} onChange={set} data={data} aria-label={label} />
    </div>
  )
}
