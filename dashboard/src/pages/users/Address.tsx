import { useState } from 'react'
import { Switch, Text, TextInput } from '@mantine/core'
import { FormDialog } from '../../parts/FormDialog.tsx'
import { notify } from '../../parts/notify.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { T } from '../../parts/Text.tsx'
import { useAct } from '../../parts/useAct.ts'
import { t } from '../../text.ts'
import { edit, label, type User } from './api.ts'
import { NewPassword } from './Links.tsx'

interface Props { user: User; close: () => void }

/** Another address for the account, or its first. */
export function Address({ user, close }: Props) {
  const [email, setEmail] = useState(user.email)
  const [proven, setProven] = useState(false)
  const { busy, error, run } = useAct('users')
  const send = async () => {
    if (!await run(() => edit(user.id, { email, ...(proven && { email_confirm: true }) }))) return
    notify(t('users.addressSet', { who: email }))
    close()
  }
  return (
    <FormDialog title={t('users.addressChange')} action={t('users.addressChange')} ready={email !== '' && email !== user.email} busy={busy} error={error} send={send} close={close}>
      <Text size="sm">{t('users.addressAbout')}</Text>
      <TextInput label={t('users.newAddress')} type="email" required withAsterisk={false} data-autofocus autoComplete="off" maxLength={254} value={email} onChange={e => setEmail(e.currentTarget.value)} />
      <Switch label={t('users.confirmed')} description={t('users.confirmedAbout')} checked={proven} onChange={e => setProven(e.currentTarget.checked)} />
    </FormDialog>
  )
}

/** A password for who cannot set one, e.g. on the phone. */
export function SetPassword({ user, close }: Props) {
  const [password, setPassword] = useState('')
  const { busy, error, run } = useAct('users')
  const send = async () => {
    if (!await run(() => edit(user.id, { password }))) return
    notify(t('users.passwordIsSet', { who: label(user) }))
    close()
  }
  return (
    <FormDialog title={t('users.passwordSet')} action={t('users.passwordSet')} ready={password !== ''} busy={busy} error={error} send={send} close={close}>
      <Text size="sm"><T k="users.passwordSetAbout" values={{ who: <b key="who"><Plain text={label(user)} wrap /></b> }} /></Text>
      <NewPassword label="signin.newPassword" value={password} onChange={setPassword} />
    </FormDialog>
  )
}
