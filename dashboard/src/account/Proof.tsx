import { useState } from 'react'
import { Button, PasswordInput, Text } from '@mantine/core'
import { IconFingerprint } from '@tabler/icons-react'
import { post } from '../api/api.ts'
import { FormDialog } from '../parts/FormDialog.tsx'
import { t } from '../text.ts'
import { canPasskeys, signInWithPasskey } from './passkeys.ts'
import { useSession, type SessionState } from './session.ts'
import { useStep } from './useStep.ts'

/** Asks for the password or a passkey of who is signed in. */
export default function Proof({ settle }: { settle: (proven: boolean) => void }) {
  const [password, setPassword] = useState('')
  const { busy, error, run } = useStep()
  const passkeys = useSession().data?.operator?.passkeys ?? [] // the session may end meanwhile
  const prove = async (step: () => Promise<SessionState>) => {
    if (await run(step)) settle(true)
  }
  return (
    <FormDialog
      title={t('account.confirmTitle')} action={t('signin.confirm')} busy={busy} error={error} close={() => settle(false)} zIndex={300}
      send={() => prove(() => post<SessionState>('/admin/v1/session/confirm', { password }))}
      aside={passkeys.length > 0 && canPasskeys() && <Button variant="subtle" disabled={busy} leftSection={<IconFingerprint size={18} />} onClick={() => void prove(signInWithPasskey)}>{t('signin.passkey')}</Button>}
    >
      <Text size="sm">{t('account.confirmAbout')}</Text>
      <PasswordInput label={t('signin.password')} autoComplete="current-password" required withAsterisk={false} data-autofocus value={password} onChange={e => setPassword(e.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('signin.showPassword') }} />
    </FormDialog>
  )
}
