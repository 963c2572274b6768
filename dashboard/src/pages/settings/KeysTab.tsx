import { useState } from 'react'
import { Alert, Badge, Button, Code, CopyButton, Group, Modal, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { IconEyeExclamation, IconKey, IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { FormError } from '../../account/FormError.tsx'
import { confirm } from '../../parts/Confirm.tsx'
import { notify } from '../../parts/notify.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Empty } from '../../parts/states.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { t } from '../../text.ts'
import { keys, makeKey, revoke, type ServiceKey } from './api.ts'
import { Panel } from './Panel.tsx'
import css from './settings.module.css'
import { useAct } from './useAct.ts'

const day = 86_400

/** Keys of the app's own backends; each is shown once. */
export function KeysTab() {
  const found = useQuery({ queryKey: ['settings', 'keys'], queryFn: ({ signal }) => keys(signal) })
  const [making, setMaking] = useState(false)
  const add = <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>{t('settings.keyMake')}</Button>
  return (
    <Panel about="settings.keysAbout" action={add} found={found}>
      {data => (
        <>
          {data.keys.length === 0 ? <Empty title="settings.noKeys" icon={IconKey} about={t('settings.noKeysAbout')} /> : <List keys={data.keys} />}
          {making && <Make close={() => setMaking(false)} />}
        </>
      )}
    </Panel>
  )
}

function List({ keys: list }: { keys: ServiceKey[] }) {
  const { refresh } = useAct()
  const remove = (k: ServiceKey) => confirm({
    title: t('settings.keyRevoke'), name: k.name, about: t('settings.keyRevokeAbout'), action: t('settings.keyRevoke'),
    run: async () => {
      await revoke(k.id)
      await refresh()
      notify(t('settings.keyRevoked', { name: k.name }))
    },
  })
  return (
    <div className={css.scroll} tabIndex={0} role="region" aria-label={t('settings.tab.keys')}>
      <Table verticalSpacing={8} horizontalSpacing="sm" fz="sm">
        <Table.Thead><Table.Tr><Table.Th>{t('settings.name')}</Table.Th><Table.Th>{t('settings.scope')}</Table.Th><Table.Th>{t('settings.lastUse')}</Table.Th><Table.Th>{t('settings.ends')}</Table.Th><Table.Th>{t('settings.made')}</Table.Th><Table.Th aria-label={t('settings.keyRevoke')} /></Table.Tr></Table.Thead>
        <Table.Tbody>
          {list.map(k => (
            <Table.Tr key={k.id}>
              <Table.Td><Plain text={k.name} /><Text size="xs" c="dimmed" className="mono">{k.id}</Text></Table.Td>
              <Table.Td><Badge size="sm" variant="light" color={k.scope === 'data' ? 'red' : 'gray'}>{k.scope}</Badge></Table.Td>
              <Table.Td>{k.lastUsedAt ? <TimeAgo at={k.lastUsedAt} /> : <Text span size="sm" c="dimmed">{t('settings.never')}</Text>}</Table.Td>
              <Table.Td>{k.expiresAt ? <TimeAgo at={k.expiresAt} /> : <Text span size="sm" c="dimmed">{t('settings.never')}</Text>}</Table.Td>
              <Table.Td><TimeAgo at={k.createdAt} /></Table.Td>
              <Table.Td ta="end"><Button variant="default" size="compact-xs" onClick={() => remove(k)}>{t('settings.keyRevoke')}</Button></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}

function Make({ close }: { close: () => void }) {
  const [name, setName] = useState('')
  const [scope, setScope] = useState('ops')
  const [days, setDays] = useState('365')
  const [key, setKey] = useState<string>()
  const { busy, error, run } = useAct()
  const send = async () => setKey((await run(() => makeKey(name, scope, Number(days) * day)))?.key)
  return (
    <Modal opened onClose={close} title={t('settings.keyMake')} closeButtonProps={{ 'aria-label': t('action.close') }} closeOnClickOutside={!key} closeOnEscape={!key}>
      {key ? (
        <Stack gap="sm">
          <Alert variant="light" color="yellow" icon={<IconEyeExclamation size={18} />} p="sm">{t('settings.keyOnce')}</Alert>
          <Code block tabIndex={0} className={css.once as string}>{key}</Code>
          <Group justify="flex-end" gap="xs">
            <CopyButton value={key}>{({ copied, copy }) => <Button onClick={copy}>{copied ? t('action.copied') : t('action.copy')}</Button>}</CopyButton>
            <Button variant="default" onClick={close}>{t('action.close')}</Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={e => {
          e.preventDefault()
          if (!busy) void send()
        }}>
          <Stack gap="sm">
            <TextInput label={t('settings.name')} description={t('settings.keyNameAbout')} required withAsterisk={false} data-autofocus maxLength={64} value={name} onChange={e => setName(e.currentTarget.value)} dir="auto" />
            <Select
              label={t('settings.scope')} allowDeselect={false} value={scope} onChange={v => setScope(v ?? 'ops')}
              data={[{ value: 'ops', label: t('settings.scopeOps') }, { value: 'auth', label: t('settings.scopeAuth') }, { value: 'data', label: t('settings.scopeData') }]}
            />
            <Select
              label={t('settings.ends')} allowDeselect={false} value={days} onChange={v => setDays(v ?? '365')}
              data={[{ value: '30', label: t('settings.days', { n: 30 }) }, { value: '90', label: t('settings.days', { n: 90 }) }, { value: '365', label: t('settings.days', { n: 365 }) }, { value: '0', label: t('settings.never') }]}
            />
            <FormError error={error} />
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={close}>{t('action.cancel')}</Button>
              <Button type="submit" loading={busy}>{t('settings.keyMake')}</Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  )
}
