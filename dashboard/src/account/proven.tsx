import { useState } from 'react'
import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core'
import { post } from '../api/api.ts'
import { apiError } from '../api/error.ts'
import { t } from '../text.ts'
import { FormError } from './FormError.tsx'
import type { SessionState } from './session.ts'
import { useStep } from './useStep.ts'

interface Waiting { run: () => Promise<unknown>; done: (value: unknown) => void; fail: (e: unknown) => void }

/**
 * For acts that want a recent proof: runs them, and where the server asks for
 * one, shows `dialog`, then runs them again.
 */
export function useProven() {
  const [waiting, setWaiting] = useState<Waiting>()
  const prove = async <R,>(run: () => Promise<R>): Promise<R> => {
    try {
      return await run()
    } catch (e) {
      if (apiError(e).code !== 'reauthentication_needed') throw e
      return new Promise<R>((done, fail) => setWaiting({ run, done: done as (v: unknown) => void, fail: () => fail(e) }))
    }
  }
  const dialog = waiting && <Prove waiting={waiting} close={() => setWaiting(undefined)} />
  return { prove, dialog }
}

function Prove({ waiting, close }: { waiting: Waiting; close: () => void }) {
  const [password, setPassword] = useState('')
  const { busy, error, run } = useStep()
  const send = async () => {
    if (!await run(() => post<SessionState>('/admin/v1/session/confirm', { password }))) return
    close()
    waiting.run().then(waiting.done, waiting.fail)
  }
  const cancel = () => {
    close()
    waiting.fail(undefined)
  }
  return (
    <Modal opened onClose={cancel} title={t('account.confirmTitle')} closeButtonProps={{ 'aria-label': t('action.close') }} zIndex={300}>
      <form onSubmit={e => {
        e.preventDefault()
        void send()
      }}>
        <Stack gap="sm">
          <Text size="sm">{t('account.confirmAbout')}</Text>
          <PasswordInput label={t('signin.password')} autoComplete="current-password" required withAsterisk={false} data-autofocus value={password} onChange={e => setPassword(e.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('signin.showPassword') }} />
          <FormError error={error} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={cancel}>{t('action.cancel')}</Button>
            <Button type="submit" loading={busy}>{t('signin.confirm')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
