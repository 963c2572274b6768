import type { ReactNode } from 'react'
import { Anchor, Button, Stack } from '@mantine/core'
import { IconFingerprint } from '@tabler/icons-react'
import { api } from '../api/api.ts'
import { queries } from '../api/queries.ts'
import { FormError } from '../parts/FormError.tsx'
import { notifyError } from '../parts/notify.tsx'
import { t } from '../text.ts'
import { Frame } from './Frame.tsx'

/** Ends the session, or a sign-in that is not complete. */
export function startOver(): void {
  api('DELETE', '/admin/v1/session').then(() => queries.invalidateQueries({ queryKey: ['session'] })).catch(notifyError)
}

interface Props {
  title: string
  about: ReactNode
  error: unknown
  busy: boolean
  /** Another way to prove or to add the factor. */
  passkey?: { label: string; use: () => void; first: boolean } | false
  children?: ReactNode
}

/** What a sign-in owes after the password: a factor to show or to add, or to begin anew. */
export function FactorFrame({ title, about, error, busy, passkey, children }: Props) {
  const key = passkey && (
    <Button variant={passkey.first ? 'filled' : 'default'} fullWidth disabled={busy} leftSection={<IconFingerprint size={18} />} onClick={passkey.use}>{passkey.label}</Button>
  )
  return (
    <Frame title={title} about={about}>
      <Stack gap="sm">
        {passkey && passkey.first && key}
        {children}
        {passkey && !passkey.first && key}
        <FormError error={error} />
        <Anchor component="button" type="button" size="sm" onClick={startOver}>{t('signin.startOver')}</Anchor>
      </Stack>
    </Frame>
  )
}
