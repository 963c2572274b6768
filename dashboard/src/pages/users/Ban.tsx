import { useState } from 'react'
import { Button, Group, Modal, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { FormError } from '../../account/FormError.tsx'
import { notify } from '../../parts/notify.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { T } from '../../parts/Text.tsx'
import { t } from '../../text.ts'
import { edit, label, type User } from './api.ts'
import { useAct } from './useAct.ts'

const spans = { day: 24, week: 168, month: 720, always: 100 * 365 * 24 }
type Span = keyof typeof spans | 'until'

/** Keeps somebody out for a while: no sign-in, and every session ends. */
export function Ban({ user, close }: { user: User; close: () => void }) {
  const [span, setSpan] = useState<Span>('day')
  const [until, setUntil] = useState('')
  const { busy, error, run } = useAct()
  const minutes = span === 'until' ? Math.ceil((new Date(until).getTime() - Date.now()) / 60_000) : spans[span] * 60
  const ready = minutes > 0
  const send = async () => {
    if (!await run(() => edit(user.id, { ban_duration: minutes + 'm' }))) return
    notify(t('users.bannedNow', { who: label(user) }))
    close()
  }
  return (
    <Modal opened onClose={close} title={t('users.ban')} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <form onSubmit={e => {
        e.preventDefault()
        if (ready && !busy) void send()
      }}>
        <Stack gap="sm">
          <Text size="sm"><T k="users.banWho" values={{ who: <b key="who"><Plain text={label(user)} wrap /></b> }} /></Text>
          <SegmentedControl
            size="xs" fullWidth value={span} onChange={v => setSpan(v as Span)} aria-label={t('users.bannedUntil')}
            data={[{ value: 'day', label: t('users.day') }, { value: 'week', label: t('users.week') }, { value: 'month', label: t('users.month') }, { value: 'always', label: t('users.always') }, { value: 'until', label: t('users.until') }]}
          />
          {span === 'until' && <TextInput type="datetime-local" label={t('users.bannedUntil')} value={until} onChange={e => setUntil(e.currentTarget.value)} required withAsterisk={false} />}
          <FormError error={error} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>{t('action.cancel')}</Button>
            <Button type="submit" color="red" disabled={!ready} loading={busy}>{t('users.ban')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
