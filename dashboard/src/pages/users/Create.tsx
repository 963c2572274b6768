import { useState } from 'react'
import { Button, Group, Modal, PasswordInput, Stack, Switch, TagsInput, Text, TextInput } from '@mantine/core'
import { FormError } from '../../account/FormError.tsx'
import { notify } from '../../parts/notify.tsx'
import { t } from '../../text.ts'
import { create, invite, type User } from './api.ts'
import { useAct } from './useAct.ts'

interface Props { close: () => void; made: (u: User) => void }

/** An account that the operator makes, with a password or without. */
export function CreateUser({ close, made }: Props) {
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [roles, setRoles] = useState<string[]>([])
  const [confirmed, setConfirmed] = useState(true)
  const { busy, error, run } = useAct()
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
    <Modal opened onClose={close} title={t('users.create')} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <form onSubmit={e => {
        e.preventDefault()
        if (!busy) void send()
      }}>
        <Stack gap="sm">
          <TextInput label={t('users.email')} type="email" required withAsterisk={false} data-autofocus autoComplete="off" maxLength={254} value={email} onChange={e => setEmail(e.currentTarget.value)} />
          <TextInput label={t('users.name')} autoComplete="off" maxLength={200} value={name} onChange={e => setName(e.currentTarget.value)} dir="auto" />
          <PasswordInput label={t('users.password')} description={t('users.passwordAbout')} autoComplete="new-password" value={password} onChange={e => setPassword(e.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('signin.showPassword') }} />
          <TagsInput label={t('users.roles')} description={t('users.rolesAbout')} value={roles} onChange={setRoles} />
          <Switch label={t('users.confirmed')} description={t('users.confirmedAbout')} checked={confirmed} onChange={e => setConfirmed(e.currentTarget.checked)} />
          <FormError error={error} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>{t('action.cancel')}</Button>
            <Button type="submit" loading={busy}>{t('users.create')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** An account whose owner gets a mail with a link. */
export function InviteUser({ close, made }: Props) {
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const { busy, error, run } = useAct()
  const send = async () => {
    const user = await run(() => invite(email, name ? { name } : {}))
    if (!user) return
    notify(t('users.invited', { who: user.email }))
    close()
    made(user)
  }
  return (
    <Modal opened onClose={close} title={t('users.invite')} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <form onSubmit={e => {
        e.preventDefault()
        if (!busy) void send()
      }}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">{t('users.inviteAbout')}</Text>
          <TextInput label={t('users.email')} type="email" required withAsterisk={false} data-autofocus autoComplete="off" maxLength={254} value={email} onChange={e => setEmail(e.currentTarget.value)} />
          <TextInput label={t('users.name')} autoComplete="off" maxLength={200} value={name} onChange={e => setName(e.currentTarget.value)} dir="auto" />
          <FormError error={error} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>{t('action.cancel')}</Button>
            <Button type="submit" loading={busy}>{t('users.inviteSend')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
