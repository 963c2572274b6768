import { useState } from 'react'
import { Text, TextInput } from '@mantine/core'
import { FormDialog } from '../../parts/FormDialog.tsx'
import { Once } from '../../parts/Once.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { T } from '../../parts/Text.tsx'
import { useAct } from '../../parts/useAct.ts'
import { dateTime, t } from '../../text.ts'
import { impersonate, label, type Impersonation, type User } from './api.ts'

/** A token in the user's name for 15 minutes, shown this once; the reason stays in the audit. */
export function Impersonate({ user, close }: { user: User; close: () => void }) {
  const [reason, setReason] = useState('')
  const [made, setMade] = useState<Impersonation>()
  const { busy, error, run } = useAct('users')
  if (made) {
    const code = `const hutch = createClient(url, { token: async () => '${made.access_token}' })`
    return (
      <Once
        title={t('users.impersonate')} about={t('users.onceUntil', { at: dateTime(made.expires_at * 1000) })} close={close}
        secrets={[{ text: made.access_token, label: t('users.token'), copy: t('users.copyToken') }, { text: code, label: t('users.tokenUse'), copy: t('users.copyCode') }]}
      />
    )
  }
  return (
    <FormDialog
      title={t('users.impersonate')} action={t('users.impersonateAct')} size="lg" ready={reason.trim() !== ''} busy={busy} error={error} close={close}
      send={async () => setMade(await run(() => impersonate(user.id, reason.trim())))}
    >
      <Text size="sm"><T k="users.impersonateAbout" values={{ who: <b key="who"><Plain text={label(user)} wrap /></b> }} /></Text>
      <TextInput label={t('users.reason')} description={t('users.reasonAbout')} required withAsterisk={false} data-autofocus maxLength={500} value={reason} onChange={e => setReason(e.currentTarget.value)} dir="auto" />
    </FormDialog>
  )
}
