import { useState } from 'react'
import { PasswordInput, Radio, Stack, Text, TextInput } from '@mantine/core'
import { FormDialog } from '../../parts/FormDialog.tsx'
import { Once } from '../../parts/Once.tsx'
import { useAct } from '../../parts/useAct.ts'
import { t, type Key } from '../../text.ts'
import { link, type Link, type LinkKind, type User } from './api.ts'

interface Row { kind: LinkKind; label: Key; about: Key; for: (u: User) => boolean }

const unproven = (u: User) => !u.email_confirmed_at

/** The links that the server makes, and whom each is for. */
export const linkRows: Row[] = [
  { kind: 'recovery', label: 'users.recovery', about: 'users.recoveryAbout', for: () => true },
  { kind: 'magiclink', label: 'users.magic', about: 'users.magicAbout', for: () => true },
  { kind: 'invite', label: 'users.linkInvite', about: 'users.linkInviteAbout', for: unproven },
  { kind: 'signup', label: 'users.linkSignup', about: 'users.linkSignupAbout', for: unproven },
  { kind: 'email_change_new', label: 'users.linkNew', about: 'users.linkNewAbout', for: () => true },
  { kind: 'email_change_current', label: 'users.linkCurrent', about: 'users.linkCurrentAbout', for: u => !unproven(u) },
]

/** A link of the user's, for the operator to hand over. */
export function Links({ user, close }: { user: User; close: () => void }) {
  const [kind, setKind] = useState<LinkKind>('recovery')
  const [password, setPassword] = useState('')
  const [address, setAddress] = useState('')
  const [made, setMade] = useState<Link>()
  const { busy, error, run } = useAct('users')
  if (made) return <MadeLink link={made} close={close} />
  const changes = kind.startsWith('email_change')
  const send = async () => setMade(await run(() => link({ type: kind, email: user.email, ...(kind === 'signup' && { password }), ...(changes && { new_email: address }) })))
  return (
    <FormDialog title={t('users.link')} action={t('users.linkMake')} size="lg" busy={busy} error={error} send={send} close={close}>
      <Text size="sm" c="dimmed">{t('users.linkAbout')}</Text>
      <Radio.Group value={kind} onChange={v => setKind(v as LinkKind)} aria-label={t('users.link')}>
        <Stack gap="xs">
          {linkRows.filter(r => r.for(user)).map(r => <Radio key={r.kind} value={r.kind} label={t(r.label)} description={t(r.about)} />)}
        </Stack>
      </Radio.Group>
      {kind === 'signup' && <NewPassword label="users.password" value={password} onChange={setPassword} />}
      {changes && <TextInput label={t('users.newAddress')} type="email" required withAsterisk={false} autoComplete="off" maxLength={254} value={address} onChange={e => setAddress(e.currentTarget.value)} />}
    </FormDialog>
  )
}

/** The link and its code, shown this once. */
export function MadeLink({ link, close }: { link: Link; close: () => void }) {
  return <Once title={t('users.link')} about={t('users.linkOnce')} secrets={[{ text: link.action_link }]} more={t('users.linkCode', { code: link.email_otp })} close={close} />
}

/** A password that an operator sets for a user. */
export function NewPassword({ label, about, value, onChange }: { label: Key; about?: Key; value: string; onChange: (v: string) => void }) {
  return (
    <PasswordInput
      label={t(label)} {...(about && { description: t(about) })} required withAsterisk={false} autoComplete="new-password" value={value} onChange={e => onChange(e.currentTarget.value)}
      visibilityToggleButtonProps={{ 'aria-label': t('signin.showPassword') }}
    />
  )
}
