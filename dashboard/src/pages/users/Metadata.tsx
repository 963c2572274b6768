import { useState } from 'react'
import { Button, Group, Stack, TagsInput, Text, Title } from '@mantine/core'
import { FormError } from '../../parts/FormError.tsx'
import { CodeEdit } from '../../parts/Code.tsx'
import { notify } from '../../parts/notify.tsx'
import { useAct } from '../../parts/useAct.ts'
import { t } from '../../text.ts'
import { edit, type User } from './api.ts'
import { changed, merge } from './metadata.ts'

/** Roles, and what the app and the user keep with the account. */
export function Metadata({ user: u }: { user: User }) {
  const app = merge.own(u.app_metadata)
  const [roles, setRoles] = useState(u.app_metadata.roles ?? [])
  const [appText, setApp] = useState(() => JSON.stringify(app, null, 2))
  const [userText, setUser] = useState(() => JSON.stringify(u.user_metadata, null, 2))
  const { busy, error, run } = useAct('users')
  const appNext = merge.parse(appText)
  const userNext = merge.parse(userText)
  const dirty = changed(roles, u.app_metadata.roles ?? []) || changed(appNext, app) || changed(userNext, u.user_metadata)
  const ready = appNext !== undefined && userNext !== undefined && dirty
  const save = async () => {
    if (!appNext || !userNext || !dirty || busy) return
    const body = {
      ...(changed(roles, u.app_metadata.roles ?? []) && { roles }), ...(changed(appNext, app) && { app_metadata: merge.patch(app, appNext) }),
      ...(changed(userNext, u.user_metadata) && { user_metadata: merge.patch(u.user_metadata, userNext) }),
    }
    const done = await run(() => edit(u.id, body))
    if (done) notify(t('users.saved'))
  }
  return (
    <Stack gap="md">
      <TagsInput label={t('users.roles')} description={t('users.rolesAbout')} value={roles} onChange={setRoles} />
      <Stack gap={4}>
        <Title order={3}>{t('users.appMetadata')}</Title>
        <Text size="xs" c="dimmed">{t('users.appMetadataAbout')}</Text>
        <CodeEdit label={t('users.appMetadata')} language="json" value={appText} onChange={setApp} onSubmit={() => void save()} height={150} />
        {appNext === undefined && <Text size="xs" c="red" role="alert">{t('users.noObject')}</Text>}
      </Stack>
      <Stack gap={4}>
        <Title order={3}>{t('users.userMetadata')}</Title>
        <Text size="xs" c="dimmed">{t('users.userMetadataAbout')}</Text>
        <CodeEdit label={t('users.userMetadata')} language="json" value={userText} onChange={setUser} onSubmit={() => void save()} height={190} />
        {userNext === undefined && <Text size="xs" c="red" role="alert">{t('users.noObject')}</Text>}
      </Stack>
      <FormError error={error} />
      <Group justify="flex-end"><Button size="xs" disabled={!ready} loading={busy} onClick={() => void save()}>{t('action.save')}</Button></Group>
    </Stack>
  )
}
