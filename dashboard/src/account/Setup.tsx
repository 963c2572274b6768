import { useEffect, useState } from 'react'
import { Alert, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useLocation } from 'wouter'
import { post } from '../api/api.ts'
import { t } from '../text.ts'
import { Frame } from './Frame.tsx'
import { FormError } from '../parts/FormError.tsx'
import type { SessionState } from './session.ts'
import { useStep } from './useStep.ts'

/** The one-time link: the first operator, one who was invited, or one who lost access. */
export default function Setup({ state }: { state: SessionState }) {
  const [, navigate] = useLocation()
  const [token, setToken] = useState(() => location.hash.slice(1))
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const { busy, error, run } = useStep()
  useEffect(() => {
    const arrived = () => location.hash.length > 1 && setToken(location.hash.slice(1))
    addEventListener('hashchange', arrived)
    return () => removeEventListener('hashchange', arrived)
  }, [])
  const send = async () => {
    const body = { token, password, ...(state.setup && { email }) }
    if (await run(() => post<SessionState>('/admin/v1/setup', body))) navigate('/', { replace: true })
  }
  if (!token) {
    return (
      <Frame title={t('setup.linkTitle')} about={t('setup.linkAbout')}>
        <Alert variant="light" color="gray"><Text size="sm">{t('setup.linkHint')}</Text></Alert>
      </Frame>
    )
  }
  return (
    <Frame title={state.setup ? t('setup.firstTitle') : t('setup.title')} about={state.setup ? t('setup.firstAbout') : t('setup.about')}>
      <form onSubmit={e => {
        e.preventDefault()
        void send()
      }}>
        <Stack gap="sm">
          {state.setup && <TextInput label={t('signin.email')} type="email" autoComplete="username" required autoFocus withAsterisk={false} value={email} onChange={e => setEmail(e.currentTarget.value)} />}
          <PasswordInput
            label={t('signin.newPassword')} description={t('signin.passwordAbout')} autoComplete="new-password" required withAsterisk={false} autoFocus={!state.setup} value={password}
            onChange={e => setPassword(e.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('signin.showPassword') }}
          />
          <FormError error={error} />
          <Button type="submit" fullWidth loading={busy} mt={4}>{t('setup.action')}</Button>
        </Stack>
      </form>
    </Frame>
  )
}
