import { lazy, Suspense, useState } from 'react'
import { Badge, Button, Group } from '@mantine/core'
import { del } from '../api/api.ts'
import { confirm } from '../parts/Confirm.tsx'
import { Modal } from '../parts/Modal.tsx'
import { notify } from '../parts/notify.tsx'
import { Loading } from '../parts/states.tsx'
import { t } from '../text.ts'
import { Section } from './Section.tsx'
import { enter, useOperator, type SessionState } from './session.ts'
import { useStep } from './useStep.ts'

const Totp = lazy(async () => ({ default: (await import('./Totp.tsx')).Totp }))

export function TotpSection() {
  const on = useOperator().factors.includes('totp')
  const [adding, setAdding] = useState(false)
  const remove = () => confirm({
    title: t('account.totpRemove'), about: t('account.totpRemoveAbout'), action: t('action.remove'),
    run: async () => enter(await del<SessionState>('/admin/v1/account/totp')),
  })
  return (
    <Section
      title="account.totp" about="account.totpAbout"
      action={(
        <Group gap="xs" wrap="nowrap">
          <Badge variant="light" color={on ? 'hutch' : 'gray'} tt="none">{on ? t('account.totpOn') : t('account.totpOff')}</Badge>
          {on
            ? <Button size="xs" variant="default" onClick={remove}>{t('action.remove')}</Button>
            : <Button size="xs" variant="default" onClick={() => setAdding(true)}>{t('account.totpAdd')}</Button>}
        </Group>
      )}
    >
      <Adding opened={adding} close={() => setAdding(false)} />
    </Section>
  )
}

function Adding({ opened, close }: { opened: boolean; close: () => void }) {
  const step = useStep()
  return (
    <Modal opened={opened} onClose={() => { if (!step.busy) close() }} title={t('account.totp')} closeButtonProps={{ 'aria-label': t('action.close'), disabled: step.busy }}>
      <Suspense fallback={<Loading />}>
        <Totp step={step} cancel={close} done={() => {
          close()
          notify(t('account.totpAdded'))
        }} />
      </Suspense>
    </Modal>
  )
}
