import { useState } from 'react'
import { Button, Divider, PasswordInput, Stack, TextInput } from '@mantine/core'
import { IconFingerprint } from '@tabler/icons-react'
import { post } from '../api/api.ts'
import { t } from '../text.ts'
import { Frame } from './Frame.tsx'
import { FormError } from '../parts/FormError.tsx'
import { canPasskeys, signInWithPasskey } from './passkeys.ts'
import { SecondFactor } from './SecondFactor.tsx'
import { Enroll } from './Enroll.tsx'
import type { SessionState } from './session.ts'
import { useStep } from './useStep.ts'

/** Password or passkey, and what else the sign-in owes. */
export default function SignIn({ state }: { state: SessionState }) {
  if (state.next === 'enroll') return <Enroll state={state} />
  if (state.next) return <SecondFactor state={state} />
  return <Password />
}

function Password() {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const { busy, error, run } = useStep()
  return (
    <Frame title={t('signin.title')} about={t('signin.about')}>
      <form onSubmit={e => {
        e.preventDefault()
        void run(() => post<SessionState>('/admin/v1/session', { email, password }))
      }}>
        <Stack gap="sm">
          <TextInput label={t('signin.email')} type="email" autoComplete="username" required autoFocus withAsterisk={false} value={email} onChange={e => setEmail(e.currentTarget.value)} />
          <PasswordInput
            label={t('signin.password')} autoComplete="current-password" required withAsterisk={false} value={password} onChange={e => setPassword(e.currentTarget.value)}
            visibilityToggleButtonProps={{ 'aria-label': t('signin.showPassword') }}
          />
          <FormError error={error} />
          <Button type="submit" fullWidth loading={busy} mt={4}>{t('signin.action')}</Button>
        </Stack>
      </form>
      {canPasskeys() && (
        <>
          <Divider label={t('signin.or')} />
          <Button variant="default" fullWidth disabled={busy} leftSection={<IconFingerprint size={18} />} onClick={() => void run(signInWithPasskey)}>{t('signin.passkey')}</Button>
        </>
      )}
    </Frame>
  )
}
