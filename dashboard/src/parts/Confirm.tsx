import { useState, useSyncExternalStore, type ReactNode } from 'react'
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { t } from '../text.ts'
import { ErrorText } from './ErrorText.tsx'
import { Plain } from './Plain.tsx'
import { T } from './Text.tsx'

export interface Question {
  title: string
  /** What will happen, and whether it can be undone. */
  about: ReactNode
  /** Has to be typed; without it a click is enough. */
  name?: string
  /** On the button: what it does. */
  action: string
  /** Runs while the dialog shows that it is busy; what it throws is shown. */
  run: () => Promise<unknown>
}

let question: Question | null = null
let asked = 0
const listeners = new Set<() => void>()
const changed = () => {
  for (const f of listeners) f()
}

/** Asks before an act that destroys: the person types the name of what will be gone. */
export function confirm(q: Question): void {
  question = q
  asked++
  changed()
}

const subscribe = (f: () => void) => {
  listeners.add(f)
  return () => listeners.delete(f)
}

/** Where the dialog is drawn; once in the app. */
export function ModalsRoot() {
  const q = useSyncExternalStore(subscribe, () => question)
  return q && <Dialog key={asked} q={q} />
}

function Dialog({ q }: { q: Question }) {
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const close = () => {
    question = null
    changed()
  }
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
    <Modal opened onClose={close} title={<Plain text={q.title} />} closeButtonProps={{ 'aria-label': t('action.close') }}>
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
            <Button variant="default" onClick={close}>{t('action.cancel')}</Button>
            <Button type="submit" color="red" disabled={!ready} loading={busy}>{q.action}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
