import { useState } from 'react'
import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { t } from '../text.ts'
import type { Question } from './Confirm.tsx'
import { ErrorText } from './ErrorText.tsx'
import { Modal } from './Modal.tsx'
import { Plain } from './Plain.tsx'
import { T } from './Text.tsx'

/** The question itself; loaded when the first one is asked. While its act runs it stays: what came of it has to be told. */
export function ConfirmDialog({ q, close }: { q: Question; close: () => void }) {
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const ready = q.name === undefined || typed === q.name
  const run = async () => {
    setBusy(true)
    try {
      await q.run()
      close()
    } catch (e) {
      setError(e)
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={() => { if (!busy) close() }} title={<Plain text={q.title} />} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <form onSubmit={e => {
        e.preventDefault()
        if (ready && !busy) void run()
      }}>
        <Stack gap="sm">
          <Text size="sm" component="div">{q.about}</Text>
          {q.name !== undefined && (
            <TextInput
              label={<T k="confirm.type" values={{ name: <b key="name"><Plain text={q.name} wrap /></b> }} />}
              value={typed} onChange={e => setTyped(e.currentTarget.value)} data-autofocus autoComplete="off" spellCheck={false} dir="auto"
            />
          )}
          {error !== undefined && <Text size="sm" c="red" role="alert"><ErrorText error={error} /></Text>}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" disabled={busy} onClick={close}>{t('action.cancel')}</Button>
            <Button type="submit" color="red" disabled={!ready} loading={busy}>{q.action}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
