import { useState } from 'react'
import { PasswordInput, Radio, Stack, Switch, TagsInput, TextInput } from '@mantine/core'
import { FormDialog } from '../../parts/FormDialog.tsx'
import { notify } from '../../parts/notify.tsx'
import { useAct } from '../../parts/useAct.ts'
import { t } from '../../text.ts'
import { create, invite, link, type Link, type User } from './api.ts'
import { MadeLink, NewPassword } from './Links.tsx'

interface Props { close: () => void; made: (u: User) => void }

/** An account that the operator makes, with a password or without. */
export function CreateUser({ close, made }: Props) {
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [roles, setRoles] = useState<string[]>([])
  const [confirmed, setConfirmed] = useState(true)
  const { busy, error, run } = useAct('users')
  const send = async () => {
    const user = await run(() => create({
      email, email_confirm: confirmed, ...(password && { password }), ...(roles.length > 0 && { roles }), ...(name && { user_metadata: { name } }),
    }))
    if (!user) return
    notify(t('users.created1', { who: user.email }))
    close()
    made(user)
  }
  return (
    <FormDialog title={t('users.create')} action={t('users.create')} busy={busy} error={error} send={send} close={close}>
      <Who email={email} setEmail={setEmail} name={name} setName={setName} />
      <PasswordInput label={t('users.password')} description={t('users.passwordAbout')} autoComplete="new-password" value={password} onChange={e => setPassword(e.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('signin.showPassword') }} />
      <TagsInput label={t('users.roles')} description={t('users.rolesAbout')} value={roles} onChange={setRoles} />
      <Switch label={t('users.confirmed')} description={t('users.confirmedAbout')} checked={confirmed} onChange={e => setConfirmed(e.currentTarget.checked)} />
    </FormDialog>
  )
}

/** An account whose owner proves the address: by a mail of the server, or a link that the operator hands over. */
export function InviteUser({ close, made }: Props) {
  const [way, setWay] = useState('mail')
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [shown, setShown] = useState<Link>()
  const { busy, error, run } = useAct('users')
  const data = name ? { name } : {}
  const finish = (user: User) => {
    close()
    made(user)
  }
  if (shown) return <MadeLink link={shown} close={() => finish(shown)} />
  const send = async () => {
    if (way !== 'mail') return setShown(await run(() => link({ type: way === 'signup' ? 'signup' : 'invite', email, data, ...(way === 'signup' && { password }) })))
    const user = await run(() => invite(email, data))
    if (!user) return
    notify(t('users.invited', { who: user.email }))
    finish(user)
  }
  return (
    <FormDialog title={t('users.invite')} action={way === 'mail' ? t('users.inviteSend') : t('users.linkMake')} busy={busy} error={error} send={send} close={close}>
      <Who email={email} setEmail={setEmail} name={name} setName={setName} />
      <Radio.Group value={way} onChange={setWay} aria-label={t('users.invite')}>
        <Stack gap="xs">
          <Radio value="mail" label={t('users.inviteMail')} description={t('users.inviteAbout')} />
          <Radio value="invite" label={t('users.linkInvite')} description={t('users.linkInviteAbout')} />
          <Radio value="signup" label={t('users.linkSignup')} description={t('users.linkSignupAbout')} />
        </Stack>
      </Radio.Group>
      {way === 'signup' && <NewPassword label="users.password" value={password} onChange={setPassword} />}
    </FormDialog>
  )
}

function Who({ email, setEmail, name, setName }: { email: string; setEmail: (v: string) => void; name: string; setName: (v: string) => void }) {
  return (
    <>
      <TextInput label={t('users.email')} type="email" required withAsterisk={false} data-autofocus autoComplete="off" maxLength={254} value={email} onChange={e => setEmail(e.currentTarget.value)} />
      <TextInput label={t('users.name')} autoComplete="off" maxLength={200} value={name} onChange={e => setName(e.currentTarget.value)} dir="auto" />
    </>
  )
}
