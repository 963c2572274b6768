import { useState } from 'react'
import { Button } from '@mantine/core'
import { IconDeviceMobile } from '@tabler/icons-react'
import { t } from '../text.ts'
import { FactorFrame } from './FactorFrame.tsx'
import { Frame } from './Frame.tsx'
import { addPasskey, canPasskeys } from './passkeys.ts'
import type { SessionState } from './session.ts'
import { Totp } from './Totp.tsx'
import { useStep } from './useStep.ts'

/** The first second factor, where the server asks for one. */
export function Enroll({ state }: { state: SessionState }) {
  const [totp, setTotp] = useState(false)
  const { busy, error, run } = useStep()
  const adding = useStep()
  const methods = state.methods ?? []
  if (totp) return <Frame title={t('enroll.title')} about={t('enroll.about')}><Totp step={adding} cancel={() => setTotp(false)} /></Frame>
  return (
    <FactorFrame
      title={t('enroll.title')} about={t('enroll.about')} error={error} busy={busy}
      passkey={methods.includes('passkey') && canPasskeys() && { label: t('enroll.passkey'), use: () => void run(() => addPasskey(t('account.passkeyName'))), first: true }}
    >
      {methods.includes('totp') && <Button variant="default" fullWidth disabled={busy} leftSection={<IconDeviceMobile size={18} />} onClick={() => setTotp(true)}>{t('enroll.totp')}</Button>}
    </FactorFrame>
  )
}
