import { useState } from 'react'
import { Anchor, Button, Stack } from '@mantine/core'
import { IconFingerprint } from '@tabler/icons-react'
import { api, post } from '../api/api.ts'
import { queries } from '../api/queries.ts'
import { Plain } from '../parts/Plain.tsx'
import { T } from '../parts/Text.tsx'
import { t } from '../text.ts'
import { CodeInput } from './CodeInput.tsx'
import { Frame } from './Frame.tsx'
import { FormError } from './FormError.tsx'
import { canPasskeys, signInWithPasskey } from './passkeys.ts'
import type { SessionState } from './session.ts'
import { useStep } from './useStep.ts'

/** Ends a sign-in that is not complete. */
export async function startOver(): Promise<void> {
  await api('DELETE', '/admin/v1/session')
  await queries.invalidateQueries({ queryKey: ['session'] })
}

export function SecondFactor({ state }: { state: SessionState }) {
  const [code, setCode] = useState('')
  const { busy, error, run } = useStep()
  const send = (code: string) => void run(() => post<SessionState>('/admin/v1/session/totp', { code })).then(ok => ok || setCode(''))
  const methods = state.methods ?? []
  return (
    <Frame title={t('signin.secondTitle')} about={<T k="signin.secondAbout" values={{ email: <Plain text={state.email ?? ''} /> }} />}>
      {methods.includes('totp') && (
        <form onSubmit={e => {
          e.preventDefault()
          send(code)
        }}>
          <Stack gap="sm">
            <CodeInput value={code} onChange={setCode} onFull={send} />
            <Button type="submit" fullWidth loading={busy}>{t('signin.confirm')}</Button>
          </Stack>
        </form>
      )}
      {methods.includes('passkey') && canPasskeys() && (
        <Button variant={methods.includes('totp') ? 'default' : 'filled'} fullWidth disabled={busy} leftSection={<IconFingerprint size={18} />} onClick={() => void run(signInWithPasskey)}>{t('signin.passkey')}</Button>
      )}
      <FormError error={error} />
      <Anchor component="button" type="button" size="sm" onClick={() => void startOver()}>{t('signin.startOver')}</Anchor>
    </Frame>
  )
}
