import { useState } from 'react'
import { ActionIcon, Box, Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { IconFingerprint, IconPencil, IconTrash } from '@tabler/icons-react'
import { api, del } from '../api/api.ts'
import { confirm } from '../parts/Confirm.tsx'
import { FormDialog } from '../parts/FormDialog.tsx'
import { notify, notifyError } from '../parts/notify.tsx'
import { Plain } from '../parts/Plain.tsx'
import { T } from '../parts/Text.tsx'
import { TimeAgo } from '../parts/TimeAgo.tsx'
import { t } from '../text.ts'
import { addPasskey, canPasskeys } from './passkeys.ts'
import { Section } from './Section.tsx'
import { enter, useOperator, type Passkey, type SessionState } from './session.ts'
import { useStep } from './useStep.ts'

export function Passkeys() {
  const { passkeys } = useOperator()
  const [renaming, setRenaming] = useState<Passkey>()
  const [busy, setBusy] = useState(false)
  const add = async () => {
    setBusy(true)
    try {
      enter(await addPasskey(t('account.passkeyName')))
      notify(t('account.passkeyAdded'))
    } catch (e) {
      notifyError(e)
    } finally {
      setBusy(false)
    }
  }
  const remove = (p: Passkey) => confirm({
    title: t('account.passkeyRemoveTitle'), about: t('account.passkeyRemoveAbout'), name: p.name, action: t('action.remove'),
    run: async () => enter(await del<SessionState>('/admin/v1/account/passkeys/' + p.id)),
  })
  return (
    <Section
      title="account.passkeys" about="account.passkeysAbout"
      action={canPasskeys() && <Button size="xs" variant="default" loading={busy} onClick={() => void add()}>{t('account.passkeyAdd')}</Button>}
    >
      <Stack gap="xs">
        {passkeys.length === 0 && <Text size="sm" c="dimmed">{t('account.passkeysEmpty')}</Text>}
        {passkeys.map(p => (
          <Group key={p.id} gap="sm" wrap="nowrap">
            <IconFingerprint size={20} stroke={1.6} aria-hidden />
            <Box flex={1} miw={0}>
              <Text size="sm" fw={500} component="div"><Plain text={p.name} /></Text>
              <Text size="xs" c="dimmed" component="div">
                {p.lastUsedAt ? <T k="account.passkeyUsed" values={{ when: <TimeAgo at={p.lastUsedAt} /> }} /> : t('account.passkeyUnused')}
              </Text>
            </Box>
            <ActionIcon variant="subtle" color="gray" aria-label={t('account.passkeyRename', { name: p.name })} onClick={() => setRenaming(p)}><IconPencil size={16} /></ActionIcon>
            <ActionIcon variant="subtle" color="red" aria-label={t('account.passkeyRemove', { name: p.name })} onClick={() => remove(p)}><IconTrash size={16} /></ActionIcon>
          </Group>
        ))}
      </Stack>
      {renaming && <Rename passkey={renaming} close={() => setRenaming(undefined)} />}
    </Section>
  )
}

function Rename({ passkey, close }: { passkey: Passkey; close: () => void }) {
  const [name, setName] = useState(passkey.name)
  const { busy, error, run } = useStep()
  const send = async () => {
    if (await run(() => api<SessionState>('PATCH', '/admin/v1/account/passkeys/' + passkey.id, { body: { name } }))) close()
  }
  return (
    <FormDialog title={t('account.passkeyRename', { name: passkey.name })} action={t('action.save')} busy={busy} error={error} send={send} close={close}>
      <TextInput label={t('account.passkeyNameLabel')} value={name} onChange={e => setName(e.currentTarget.value)} required withAsterisk={false} maxLength={100} data-autofocus dir="auto" />
    </FormDialog>
  )
}
