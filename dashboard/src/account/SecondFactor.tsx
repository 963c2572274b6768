import { useState } from 'react'
import { Button, Stack } from '@mantine/core'
import { post } from '../api/api.ts'
import { Plain } from '../parts/Plain.tsx'
import { T } from '../parts/Text.tsx'
import { t } from '../text.ts'
import { CodeInput } from './CodeInput.tsx'
import { FactorFrame } from './FactorFrame.tsx'
import { canPasskeys, signInWithPasskey } from './passkeys.ts'
import type { SessionState } from './session.ts'
import { useStep } from './useStep.ts'

/** The factor that is owed after the password. */
export function SecondFactor({ state }: { state: SessionState }) {
  const [code, setCode] = useState('')
  const { busy, error, run } = useStep()
  const send = (code: string) => void run(() => post<SessionState>('/admin/v1/session/totp', { code })).then(ok => { if (ok === false) setCode('') })
  const methods = state.methods ?? []
  const totp = methods.includes('totp')
  return (
    <FactorFrame
      title={t('signin.secondTitle')} about={<T k="signin.secondAbout" values={{ email: <Plain text={state.email ?? ''} /> }} />} error={error} busy={busy}
      passkey={methods.includes('passkey') && canPasskeys() && { label: t('signin.passkey'), use: () => void run(signInWithPasskey), first: !totp }}
    >
      {totp && (
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
    </FactorFrame>
  )
}
