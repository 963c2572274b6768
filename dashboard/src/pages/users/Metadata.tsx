import { useEffect, useState } from 'react'
import { Button, Group, Stack, TagsInput, Text, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { FormError } from '../../parts/FormError.tsx'
import { CodeEdit } from '../../parts/Code.tsx'
import { notify } from '../../parts/notify.tsx'
import { drawn } from '../../parts/unsaved.ts'
import { useAct } from '../../parts/useAct.ts'
import { useUnsaved } from '../../parts/useUnsaved.ts'
import { t } from '../../text.ts'
import { edit, type User } from './api.ts'
import { changed, merge } from './metadata.ts'

/** What is being written, and of which state of the account. */
interface Draft { of: User; roles: string[]; app: string; user: string }

const rolesOf = (u: User): string[] => u.app_metadata.roles ?? []
const draftOf = (u: User): Draft => ({ of: u, roles: rolesOf(u), app: JSON.stringify(merge.own(u.app_metadata), null, 2), user: JSON.stringify(u.user_metadata, null, 2) })

const sameTab = (to: URL): boolean => to.pathname === drawn().pathname && ['user', 'tab'].every(k => to.searchParams.get(k) === drawn().searchParams.get(k))

/** Roles, and what the app and the user keep with the account. */
export function Metadata({ user: newest }: { user: User }) {
  const cache = useQueryClient()
  const [draft, setDraft] = useState(() => draftOf(newest))
  const { busy, error, run } = useAct('users')
  const u = draft.of
  const app = merge.own(u.app_metadata)
  const appNext = merge.parse(draft.app)
  const userNext = merge.parse(draft.user)
  const dirty = changed(draft.roles, rolesOf(u)) || changed(appNext, app) || changed(userNext, u.user_metadata)
  const ready = appNext !== undefined && userNext !== undefined && dirty
  useUnsaved(dirty, sameTab)
  useEffect(() => { // nothing was typed: what somebody else wrote is simply shown
    if (!dirty && newest !== u) setDraft(draftOf(newest))
  }, [newest, dirty, u])
  const save = async () => {
    if (!appNext || !userNext || !dirty || busy) return
    const body = {
      ...(changed(draft.roles, rolesOf(u)) && { roles: draft.roles }), ...(changed(appNext, app) && { app_metadata: merge.patch(app, appNext) }),
      ...(changed(userNext, u.user_metadata) && { user_metadata: merge.patch(u.user_metadata, userNext) }),
    }
    const done = await run(async () => {
      const saved = await edit(u.id, body)
      cache.setQueryData(['users', 'one', u.id], saved)
      return saved
    })
    if (!done) return
    const saved = draftOf(done)
    setDraft(now => ({ // what was typed meanwhile stays
      of: done, roles: now.roles === draft.roles ? saved.roles : now.roles,
      app: now.app === draft.app ? saved.app : now.app, user: now.user === draft.user ? saved.user : now.user,
    }))
    notify(t('users.saved'))
  }
  const write = (part: Partial<Draft>) => setDraft(now => ({ ...now, ...part }))
  return (
    <Stack gap="md">
      <TagsInput label={t('users.roles')} description={t('users.rolesAbout')} value={draft.roles} onChange={roles => write({ roles })} />
      <Stack gap={4}>
        <Title order={3}>{t('users.appMetadata')}</Title>
        <Text size="xs" c="dimmed">{t('users.appMetadataAbout')}</Text>
        <CodeEdit label={t('users.appMetadata')} language="json" value={draft.app} onChange={app => write({ app })} onSubmit={() => void save()} height={150} />
        {appNext === undefined && <Text size="xs" c="red" role="alert">{t('users.noObject')}</Text>}
      </Stack>
      <Stack gap={4}>
        <Title order={3}>{t('users.userMetadata')}</Title>
        <Text size="xs" c="dimmed">{t('users.userMetadataAbout')}</Text>
        <CodeEdit label={t('users.userMetadata')} language="json" value={draft.user} onChange={user => write({ user })} onSubmit={() => void save()} height={190} />
        {userNext === undefined && <Text size="xs" c="red" role="alert">{t('users.noObject')}</Text>}
      </Stack>
      <FormError error={error} />
      <Group justify="flex-end"><Button size="xs" disabled={!ready} loading={busy} onClick={() => void save()}>{t('action.save')}</Button></Group>
    </Stack>
  )
}
