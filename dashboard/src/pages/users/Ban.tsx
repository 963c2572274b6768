import { useState } from 'react'
import { SegmentedControl, Text, TextInput } from '@mantine/core'
import { FormDialog } from '../../parts/FormDialog.tsx'
import { notify } from '../../parts/notify.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { T } from '../../parts/Text.tsx'
import { useAct } from '../../parts/useAct.ts'
import { t } from '../../text.ts'
import { edit, label, type User } from './api.ts'

const spans = { day: 24, week: 168, month: 720, always: 100 * 365 * 24 }
type Span = keyof typeof spans | 'until'

/** Keeps somebody out for a while: no sign-in, and every session ends. */
export function Ban({ user, close }: { user: User; close: () => void }) {
  const [span, setSpan] = useState<Span>('day')
  const [until, setUntil] = useState('')
  const { busy, error, run } = useAct('users')
  const minutes = span === 'until' ? Math.ceil((new Date(until).getTime() - Date.now()) / 60_000) : spans[span] * 60
  const ready = minutes > 0
  const send = async () => {
    if (!await run(() => edit(user.id, { ban_duration: minutes + 'm' }))) return
    notify(t('users.bannedNow', { who: label(user) }))
    close()
  }
  return (
    <FormDialog title={t('users.ban')} action={t('users.ban')} color="red" ready={ready} busy={busy} error={error} send={send} close={close}>
      <Text size="sm"><T k="users.banWho" values={{ who: <b key="who"><Plain text={label(user)} wrap /></b> }} /></Text>
      <SegmentedControl
        size="xs" fullWidth value={span} onChange={v => setSpan(v as Span)} aria-label={t('users.bannedUntil')}
        data={[{ value: 'day', label: t('users.day') }, { value: 'week', label: t('users.week') }, { value: 'month', label: t('users.month') }, { value: 'always', label: t('users.always') }, { value: 'until', label: t('users.until') }]}
      />
      {span === 'until' && <TextInput type="datetime-local" label={t('users.bannedUntil')} value={until} onChange={e => setUntil(e.currentTarget.value)} required withAsterisk={false} />}
    </FormDialog>
  )
}
