import { useState } from 'react'
import { Button, Group, PasswordInput, SimpleGrid, Stack } from '@mantine/core'
import { post } from '../api/api.ts'
import { notify } from '../parts/notify.tsx'
import { t } from '../text.ts'
import { FormError } from '../parts/FormError.tsx'
import { Section } from './Section.tsx'
import { useOperator, type SessionState } from './session.ts'
import { useStep } from './useStep.ts'
import { queries } from '../api/queries.ts'

export function Password() {
  const { email } = useOperator()
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const { busy, error, run } = useStep()
  const toggle = { 'aria-label': t('signin.showPassword') }
  const send = async () => {
    if (!await run(() => post<SessionState>('/admin/v1/account/password', { current, password }))) return
    setCurrent('')
    setPassword('')
    notify(t('account.passwordChanged'))
    await queries.invalidateQueries({ queryKey: ['account'] })
  }
  return (
    <Section title="account.password" about="account.passwordAbout">
      <form onSubmit={e => {
        e.preventDefault()
        void send()
      }}>
        <input type="hidden" autoComplete="username" value={email} readOnly />
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
            <PasswordInput label={t('account.currentPassword')} autoComplete="current-password" required withAsterisk={false} value={current} onChange={e => setCurrent(e.currentTarget.value)} visibilityToggleButtonProps={toggle} />
            <PasswordInput label={t('signin.newPassword')} autoComplete="new-password" required withAsterisk={false} value={password} onChange={e => setPassword(e.currentTarget.value)} visibilityToggleButtonProps={toggle} />
          </SimpleGrid>
          <FormError error={error} />
          <Group justify="flex-end"><Button type="submit" variant="default" loading={busy}>{t('account.changePassword')}</Button></Group>
        </Stack>
      </form>
    </Section>
  )
}
