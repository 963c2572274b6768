import { useState } from 'react'
import { Box, Button, Group, Stack, Text, Title } from '@mantine/core'
import { IconBan, IconDatabase, IconLink, IconMask, IconTrash } from '@tabler/icons-react'
import { Link } from 'wouter'
import { confirm } from '../../parts/Confirm.tsx'
import { notify, notifyError } from '../../parts/notify.tsx'
import { t } from '../../text.ts'
import { banned, edit, erase, label, type User } from './api.ts'
import { Ban } from './Ban.tsx'
import { Impersonate } from './Impersonate.tsx'
import { SignInLink } from './SignInLink.tsx'
import { useProfile } from './profile.ts'
import { useListRefresh, useRefresh } from './useAct.ts'
import css from './users.module.css'

/** What can be done with the account. */
export function Acts({ user: u, close }: { user: User; close: () => void }) {
  const [open, setOpen] = useState<'ban' | 'link' | 'impersonate'>()
  const refresh = useRefresh()
  const listAnew = useListRefresh()
  const profile = useProfile()
  const remove = () => confirm({
    title: t('users.erase'), name: label(u), action: t('users.erase'), about: t('users.eraseAbout'),
    run: async () => {
      await erase(u.id)
      close()
      await listAnew()
      notify(t('users.erased', { who: label(u) }))
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
      {open === 'link' && <SignInLink user={u} close={done} />}
      {open === 'impersonate' && <Impersonate user={u} close={done} />}
    </>
  )
}
