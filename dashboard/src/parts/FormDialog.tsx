import type { ReactNode } from 'react'
import { Button, Group, Stack, type ModalProps } from '@mantine/core'
import { t } from '../text.ts'
import { FormError } from './FormError.tsx'
import { Modal } from './Modal.tsx'

interface Props extends Pick<ModalProps, 'size' | 'zIndex'> {
  title: ReactNode
  /** On the button: what it does. */
  action: string
  color?: string
  busy: boolean
  error: unknown
  /** Whether there is enough to send. */
  ready?: boolean
  send: () => Promise<unknown>
  close: () => void
  /** Another way, beside the buttons. */
  aside?: ReactNode
  children: ReactNode
}

/** A form in a dialog: fields, why it was not taken, cancel and send. While it is sent it stays: what came of it has to be told. */
export function FormDialog({ title, action, color, busy, error, ready = true, send, close, aside, children, ...modal }: Props) {
  return (
    <Modal opened onClose={() => { if (!busy) close() }} title={title} closeButtonProps={{ 'aria-label': t('action.close') }} {...modal}>
      <form onSubmit={e => {
        e.preventDefault()
        if (ready && !busy) void send()
      }}>
        <Stack gap="sm">
          {children}
          <FormError error={error} />
          <Group justify="flex-end" gap="xs">
            {aside && <div style={{ marginInlineEnd: 'auto' }}>{aside}</div>}
            <Button variant="default" disabled={busy} onClick={close}>{t('action.cancel')}</Button>
            <Button type="submit" {...(color && { color })} disabled={!ready} loading={busy}>{action}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
