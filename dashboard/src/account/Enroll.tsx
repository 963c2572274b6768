import { useState } from 'react'
import { Anchor, Button, Stack } from '@mantine/core'
import { IconDeviceMobile, IconFingerprint } from '@tabler/icons-react'
import { t } from '../text.ts'
import { Frame } from './Frame.tsx'
import { FormError } from './FormError.tsx'
import { addPasskey, canPasskeys } from './passkeys.ts'
import { startOver } from './SecondFactor.tsx'
import type { SessionState } from './session.ts'
import { Totp } from './Totp.tsx'
import { useStep } from './useStep.ts'

/** The first second factor, where the server asks for one. */
export function Enroll({ state }: { state: SessionState }) {
  const [totp, setTotp] = useState(false)
  const { busy, error, run } = useStep()
  const methods = state.methods ?? []
  return (
    <Frame title={t('enroll.title')} about={t('enroll.about')}>
      {totp ? <Totp cancel={() => setTotp(false)} /> : (
        <Stack gap="sm">
          {methods.includes('passkey') && canPasskeys() && (
            <Button fullWidth loading={busy} leftSection={<IconFingerprint size={18} />} onClick={() => void run(() => addPasskey(t('account.passkeyName')))}>{t('enroll.passkey')}</Button>
          )}
          {methods.includes('totp') && (
            <Button variant="default" fullWidth disabled={busy} leftSection={<IconDeviceMobile size={18} />} onClick={() => setTotp(true)}>{t('enroll.totp')}</Button>
          )}
          <FormError error={error} />
          <Anchor component="button" type="button" size="sm" onClick={() => void startOver()}>{t('signin.startOver')}</Anchor>
        </Stack>
      )}
    </Frame>
  )
}
