import { useState } from 'react'
import { Alert, Badge, Button, Code, CopyButton, Group, Modal, Stack, Table, Text, TextInput } from '@mantine/core'
import { IconEyeExclamation, IconUserPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { FormError } from '../../account/FormError.tsx'
import { useProven } from '../../account/proven.tsx'
import { useOperator } from '../../account/session.ts'
import { confirm } from '../../parts/Confirm.tsx'
import { notify } from '../../parts/notify.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { dateTime, t } from '../../text.ts'
import { invite, operators, removeOperator, type OperatorLink, type OperatorRow } from './api.ts'
import { Panel } from './Panel.tsx'
import css from './settings.module.css'
import { useAct } from './useAct.ts'

/** Who runs this server. */
export function OperatorsTab() {
  const found = useQuery({ queryKey: ['settings', 'operators'], queryFn: ({ signal }) => operators(signal) })
  const [inviting, setInviting] = useState(false)
  const { prove, dialog } = useProven()
  const { refresh } = useAct()
  const me = useOperator()
  const remove = (o: OperatorRow) => confirm({
    title: t('settings.opRemove'), name: o.email, about: t('settings.opRemoveAbout'), action: t('settings.opRemove'),
    run: async () => {
      await prove(() => removeOperator(o.id))
      await refresh()
      notify(t('settings.opRemoved', { who: o.email }))
    },
  })
  return (
    <>
      <Panel about="settings.opsAbout" found={found} action={<Button size="xs" leftSection={<IconUserPlus size={15} />} onClick={() => setInviting(true)}>{t('settings.opInvite')}</Button>}>
        {data => (
          <div className={css.scroll} tabIndex={0} role="region" aria-label={t('settings.tab.operators')}>
            <Table verticalSpacing={8} horizontalSpacing="sm" fz="sm">
              <Table.Thead><Table.Tr><Table.Th>{t('users.email')}</Table.Th><Table.Th>{t('users.factors')}</Table.Th><Table.Th>{t('users.sessions')}</Table.Th><Table.Th>{t('users.lastSignIn')}</Table.Th><Table.Th aria-label={t('settings.opRemove')} /></Table.Tr></Table.Thead>
              <Table.Tbody>
                {data.operators.map(o => (
                  <Table.Tr key={o.id}>
                    <Table.Td><Group gap="xs" wrap="nowrap"><Plain text={o.email} />{o.id === me.id && <Badge size="xs" variant="light">{t('settings.you')}</Badge>}{o.status === 'invited' && <Badge size="xs" variant="light" color="yellow">{t('settings.isInvited')}</Badge>}</Group></Table.Td>
                    <Table.Td><Plain text={o.factors.join(', ') || '–'} /></Table.Td>
                    <Table.Td className="tabular">{o.sessions}</Table.Td>
                    <Table.Td>{o.lastSignInAt ? <TimeAgo at={o.lastSignInAt} /> : <Text span size="sm" c="dimmed">{t('settings.never')}</Text>}</Table.Td>
                    <Table.Td ta="end">{o.id !== me.id && <Button variant="default" size="compact-xs" onClick={() => remove(o)}>{t('action.remove')}</Button>}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        )}
      </Panel>
      {inviting && <Invite close={() => setInviting(false)} prove={prove} />}
      {dialog}
    </>
  )
}

function Invite({ close, prove }: { close: () => void; prove: <R>(run: () => Promise<R>) => Promise<R> }) {
  const [email, setEmail] = useState('')
  const [link, setLink] = useState<OperatorLink>()
  const { busy, error, run } = useAct()
  const url = link && `${location.origin}/_/setup#${link.token}`
  const send = async () => setLink(await run(() => prove(() => invite(email))))
  return (
    <Modal opened onClose={close} title={t('settings.opInvite')} closeButtonProps={{ 'aria-label': t('action.close') }} closeOnClickOutside={!link}>
      {link && url ? (
        <Stack gap="sm">
          <Alert variant="light" color="yellow" icon={<IconEyeExclamation size={18} />} p="sm">{t('settings.opOnce', { at: dateTime(link.expiresAt) })}</Alert>
          <Code block tabIndex={0} className={css.once as string}>{url}</Code>
          <Group justify="flex-end" gap="xs">
            <CopyButton value={url}>{({ copied, copy }) => <Button onClick={copy}>{copied ? t('action.copied') : t('action.copy')}</Button>}</CopyButton>
            <Button variant="default" onClick={close}>{t('action.close')}</Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={e => {
          e.preventDefault()
          if (!busy) void send()
        }}>
          <Stack gap="sm">
            <Text size="sm" c="dimmed">{t('settings.opInviteAbout')}</Text>
            <TextInput label={t('users.email')} type="email" required withAsterisk={false} data-autofocus autoComplete="off" maxLength={254} value={email} onChange={e => setEmail(e.currentTarget.value)} />
            <FormError error={error} />
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={close}>{t('action.cancel')}</Button>
              <Button type="submit" loading={busy}>{t('users.linkMake')}</Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  )
}
