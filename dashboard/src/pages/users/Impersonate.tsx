import { useState } from 'react'
import { Alert, Button, Code, CopyButton, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { IconEyeExclamation } from '@tabler/icons-react'
import { FormError } from '../../account/FormError.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { T } from '../../parts/Text.tsx'
import { dateTime, t } from '../../text.ts'
import { impersonate, label, type Impersonation, type User } from './api.ts'
import { useAct } from './useAct.ts'
import css from './users.module.css'

/** A token in the user's name for 15 minutes, shown this once; the reason stays in the audit. */
export function Impersonate({ user, close }: { user: User; close: () => void }) {
  const [reason, setReason] = useState('')
  const [made, setMade] = useState<Impersonation>()
  const { busy, error, run } = useAct()
  const send = async () => setMade(await run(() => impersonate(user.id, reason.trim())))
  return (
    <Modal opened onClose={close} size="lg" title={t('users.impersonate')} closeButtonProps={{ 'aria-label': t('action.close') }} closeOnClickOutside={!made}>
      {made ? <Made made={made} close={close} /> : (
        <form onSubmit={e => {
          e.preventDefault()
          if (!busy) void send()
        }}>
          <Stack gap="sm">
            <Text size="sm"><T k="users.impersonateAbout" values={{ who: <b key="who"><Plain text={label(user)} wrap /></b> }} /></Text>
            <TextInput label={t('users.reason')} description={t('users.reasonAbout')} required withAsterisk={false} data-autofocus maxLength={500} value={reason} onChange={e => setReason(e.currentTarget.value)} dir="auto" />
            <FormError error={error} />
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={close}>{t('action.cancel')}</Button>
              <Button type="submit" disabled={reason.trim() === ''} loading={busy}>{t('users.impersonateAct')}</Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  )
}

function Made({ made, close }: { made: Impersonation; close: () => void }) {
  const use = `const hutch = createClient(url, { token: async () => '${made.access_token}' })`
  return (
    <Stack gap="sm">
      <Alert variant="light" color="yellow" icon={<IconEyeExclamation size={18} />} p="sm">{t('users.onceUntil', { at: dateTime(made.expires_at * 1000) })}</Alert>
      <Text size="sm" fw={500}>{t('users.token')}</Text>
      <Code block tabIndex={0} className={css.once as string}>{made.access_token}</Code>
      <Text size="sm" fw={500}>{t('users.tokenUse')}</Text>
      <Code block tabIndex={0} className={css.once as string}>{use}</Code>
      <Group justify="flex-end" gap="xs">
        <CopyButton value={use}>{({ copied, copy }) => <Button variant="default" onClick={copy}>{copied ? t('action.copied') : t('users.copyCode')}</Button>}</CopyButton>
        <CopyButton value={made.access_token}>{({ copied, copy }) => <Button onClick={copy}>{copied ? t('action.copied') : t('users.copyToken')}</Button>}</CopyButton>
        <Button variant="default" onClick={close}>{t('action.close')}</Button>
      </Group>
    </Stack>
  )
}
