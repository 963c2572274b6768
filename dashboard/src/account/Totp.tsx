import { useLayoutEffect, useState } from 'react'
import { Button, Center, Code, CopyButton, Group, Stack, Text } from '@mantine/core'
import encodeQR from 'qr'
import { api } from '../api/api.ts'
import { t } from '../text.ts'
import { CodeInput } from './CodeInput.tsx'
import { FormError } from '../parts/FormError.tsx'
import type { SessionState } from './session.ts'
import type { Step } from './useStep.ts'

const longest = 30_000 // milliseconds of a step, which nobody can leave

interface Shown { secret: string; uri: string }

interface Props {
  /** Of who shows this: while it runs nobody leaves, or a code might be taken, or another secret begun, unseen. */
  step: Step
  done?: () => void
  cancel: () => void
}

/** Adds an authenticator app: the code to scan is drawn here, then its first code proves it. */
export function Totp({ step: { busy, error, run }, done, cancel }: Props) {
  const [shown, setShown] = useState<Shown>()
  const [code, setCode] = useState('')
  useLayoutEffect(() => { // busy from the first moment that it is seen
    void run(async () => {
      setShown(await api<Shown>('POST', '/admin/v1/account/totp', { body: {}, signal: AbortSignal.timeout(longest) }))
      return null
    })
  }, [])
  const send = async (code: string) => {
    const ok = await run(() => api<SessionState>('POST', '/admin/v1/session/totp', { body: { code }, signal: AbortSignal.timeout(longest) }))
    if (ok) done?.()
    else if (ok === false) setCode('')
  }
  return (
    <form onSubmit={e => {
      e.preventDefault()
      void send(code)
    }}>
      <Stack gap="sm">
        {shown && (
          <>
            <Text size="sm">{t('account.totpScan')}</Text>
            <Center><QR text={shown.uri} /></Center>
            <Group gap="xs" justify="center">
              <Code className="secret">{shown.secret.replace(/(.{4})/g, '$1 ').trim()}</Code>
              <CopyButton value={shown.secret}>
                {({ copied, copy }) => <Button size="compact-xs" variant="subtle" onClick={copy}>{copied ? t('action.copied') : t('action.copy')}</Button>}
              </CopyButton>
            </Group>
            <CodeInput value={code} onChange={setCode} onFull={c => void send(c)} />
          </>
        )}
        <FormError error={error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" disabled={busy} onClick={cancel}>{t('action.cancel')}</Button>
          <Button type="submit" loading={busy} disabled={!shown}>{t('signin.confirm')}</Button>
        </Group>
      </Stack>
    </form>
  )
}

function QR({ text }: { text: string }) {
  const rows = encodeQR(text, 'raw', { border: 2 })
  const path = rows.flatMap((row, y) => row.map((dark, x) => dark ? `M${x} ${y}h1v1h-1z` : '')).join('')
  return (
    <svg viewBox={`0 0 ${rows.length} ${rows.length}`} width={196} height={196} role="img" aria-label={t('account.totpQR')} shapeRendering="crispEdges" style={{ borderRadius: 8 }}>
      <rect width="100%" height="100%" fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}
