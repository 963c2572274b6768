import { useState } from 'react'
import { Alert, Button, Code, CopyButton, Group, Modal, Radio, Stack, Text } from '@mantine/core'
import { IconEyeExclamation } from '@tabler/icons-react'
import { FormError } from '../../account/FormError.tsx'
import { t } from '../../text.ts'
import { link, type Link, type User } from './api.ts'
import { useAct } from './useAct.ts'
import css from './users.module.css'

/** A link that lets the user in, for the operator to hand over. */
export function SignInLink({ user, close }: { user: User; close: () => void }) {
  const [kind, setKind] = useState('recovery')
  const [made, setMade] = useState<Link>()
  const { busy, error, run } = useAct()
  return (
    <Modal opened onClose={close} size="lg" title={t('users.link')} closeButtonProps={{ 'aria-label': t('action.close') }} closeOnClickOutside={!made}>
      <Stack gap="sm">
        {made ? (
          <>
            <Alert variant="light" color="yellow" icon={<IconEyeExclamation size={18} />} p="sm">{t('users.linkOnce')}</Alert>
            <Code block tabIndex={0} className={css.once as string}>{made.action_link}</Code>
            <Text size="sm">{t('users.linkCode', { code: made.email_otp })}</Text>
            <Group justify="flex-end" gap="xs">
              <CopyButton value={made.action_link}>{({ copied, copy }) => <Button onClick={copy}>{copied ? t('action.copied') : t('action.copy')}</Button>}</CopyButton>
              <Button variant="default" onClick={close}>{t('action.close')}</Button>
            </Group>
          </>
        ) : (
          <>
            <Text size="sm" c="dimmed">{t('users.linkAbout')}</Text>
            <Radio.Group value={kind} onChange={setKind} aria-label={t('users.link')}>
              <Stack gap="xs">
                <Radio value="recovery" label={t('users.recovery')} description={t('users.recoveryAbout')} />
                <Radio value="magiclink" label={t('users.magic')} description={t('users.magicAbout')} />
              </Stack>
            </Radio.Group>
            <FormError error={error} />
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={close}>{t('action.cancel')}</Button>
              <Button loading={busy} onClick={() => void run(() => link(kind, user.email)).then(setMade)}>{t('users.linkMake')}</Button>
            </Group>
          </>
        )}
      </Stack>
    </Modal>
  )
}
