import { useState } from 'react'
import { Box, Button, Group, Stack, Text, Title } from '@mantine/core'
import { IconAt, IconBan, IconCircleCheck, IconDatabase, IconLink, IconMask, IconPassword, IconTrash } from '@tabler/icons-react'
import { Link } from 'wouter'
import { confirm } from '../../parts/Confirm.tsx'
import { notify, notifyError } from '../../parts/notify.tsx'
import { useAct } from '../../parts/useAct.ts'
import { t } from '../../text.ts'
import { Address, SetPassword } from './Address.tsx'
import { banned, edit, erase, label, type User } from './api.ts'
import { Ban } from './Ban.tsx'
import { Impersonate } from './Impersonate.tsx'
import { Links } from './Links.tsx'
import { useProfile } from './profile.ts'
import css from './users.module.css'

/** What can be done with the account. */
export function Acts({ user: u, close }: { user: User; close: () => void }) {
  const [open, setOpen] = useState<'ban' | 'link' | 'impersonate' | 'address' | 'password'>()
  const { refresh } = useAct('users')
  const profile = useProfile()
  const remove = () => confirm({
    title: t('users.erase'), name: label(u), action: t('users.erase'), about: t('users.eraseAbout'),
    run: async () => {
      await erase(u.id)
      close()
      await refresh('list') // of the account itself nothing is to be read any more
      notify(t('users.erased', { who: label(u) }))
    },
  })
  const prove = () => confirm({
    title: t('users.addressConfirm'), about: t('users.addressConfirmAbout'), action: t('users.addressConfirm'),
    run: async () => {
      await edit(u.id, { email_confirm: true })
      await refresh()
      notify(t('users.addressConfirmed', { who: u.email }))
    },
  })
  const lift = () => edit(u.id, { ban_duration: 'none' }).then(() => {
    notify(t('users.lifted'))
    return refresh()
  }, notifyError)
  const done = () => setOpen(undefined)
  return (
    <>
      <Stack gap="xs">
        <Title order={3}>{t('users.acts')}</Title>
        <Group gap="xs">
          <Button variant="default" size="xs" leftSection={<IconMask size={15} />} onClick={() => setOpen('impersonate')}>{t('users.impersonate')}</Button>
          {u.email && <Button variant="default" size="xs" leftSection={<IconLink size={15} />} onClick={() => setOpen('link')}>{t('users.link')}</Button>}
          <Button variant="default" size="xs" leftSection={<IconAt size={15} />} onClick={() => setOpen('address')}>{t('users.addressChange')}</Button>
          {u.email && !u.email_confirmed_at && <Button variant="default" size="xs" leftSection={<IconCircleCheck size={15} />} onClick={prove}>{t('users.addressConfirm')}</Button>}
          {u.email && <Button variant="default" size="xs" leftSection={<IconPassword size={15} />} onClick={() => setOpen('password')}>{t('users.passwordSet')}</Button>}
          {profile && <Button component={Link} href={`/data?in=${encodeURIComponent(profile)}&doc=${encodeURIComponent(u.id)}`} variant="default" size="xs" leftSection={<IconDatabase size={15} />}>{t('users.profileDoc')}</Button>}
        </Group>
      </Stack>
      <Box className={css.danger as string}>
        <div className={css.item}>
          <div className={css.grow}>
            <Text size="sm" fw={500}>{banned(u) ? t('users.lift') : t('users.ban')}</Text>
            <Text size="xs" c="dimmed">{t('users.banAbout')}</Text>
          </div>
          {banned(u)
            ? <Button variant="default" size="xs" onClick={() => void lift()}>{t('users.lift')}</Button>
            : <Button variant="light" color="red" size="xs" leftSection={<IconBan size={15} />} onClick={() => setOpen('ban')}>{t('users.ban')}</Button>}
        </div>
        <div className={css.item}>
          <div className={css.grow}>
            <Text size="sm" fw={500}>{t('users.erase')}</Text>
            <Text size="xs" c="dimmed">{t('users.eraseShort')}</Text>
          </div>
          <Button variant="light" color="red" size="xs" leftSection={<IconTrash size={15} />} onClick={remove}>{t('users.erase')}</Button>
        </div>
      </Box>
      {open === 'ban' && <Ban user={u} close={done} />}
      {open === 'link' && <Links user={u} close={done} />}
      {open === 'address' && <Address user={u} close={done} />}
      {open === 'password' && <SetPassword user={u} close={done} />}
      {open === 'impersonate' && <Impersonate user={u} close={done} />}
    </>
  )
}
