import { useState } from 'react'
import { Badge, Button, Select, Text, TextInput } from '@mantine/core'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { confirm } from '../../parts/Confirm.tsx'
import { notify } from '../../parts/notify.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Empty } from '../../parts/states.tsx'
import { useAct } from '../../parts/useAct.ts'
import { useUrlState } from '../../parts/useUrlState.ts'
import { t } from '../../text.ts'
import { keys, makeKey, revoke, type ServiceKey } from './api.ts'
import { Maker } from './Maker.tsx'
import { Moment } from './Moment.tsx'
import { Panel } from './Panel.tsx'
import { Rows } from './Rows.tsx'

const day = 86_400

/** Keys of the app's own backends; each is shown once. */
export function KeysTab() {
  const found = useQuery({ queryKey: ['settings', 'keys'], queryFn: ({ signal }) => keys(signal) })
  const [asked, ask] = useUrlState('do')
  const { refresh } = useAct('settings')
  const remove = (k: ServiceKey) => confirm({
    title: t('settings.keyRevoke'), name: k.name, about: t('settings.keyRevokeAbout'), action: t('settings.keyRevoke'),
    run: async () => {
      await revoke(k.id)
      await refresh()
      notify(t('settings.keyRevoked', { name: k.name }))
    },
  })
  return (
    <Panel about="settings.keysAbout" found={found} action={<Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => ask('key')}>{t('settings.keyMake')}</Button>}>
      {data => (
        <>
          {data.keys.length === 0 ? <Empty title="settings.noKeys" icon={IconKey} about={t('settings.noKeysAbout')} /> : (
            <Rows
              label="settings.tab.keys" rows={data.keys} id={k => k.id}
              columns={[
                { head: 'settings.name', cell: k => <><Plain text={k.name} /><Text size="xs" c="dimmed" className="mono">{k.id}</Text></> },
                { head: 'settings.scope', cell: k => <Badge size="sm" variant="light" color={k.scope === 'data' ? 'red' : 'gray'}>{k.scope}</Badge> },
                { head: 'settings.lastUse', cell: k => <Moment at={k.lastUsedAt} /> },
                { head: 'settings.ends', cell: k => <Moment at={k.expiresAt} /> },
                { head: 'settings.made', cell: k => <Moment at={k.createdAt} /> },
                { head: 'settings.keyRevoke', acts: true, cell: k => <Button variant="default" size="compact-xs" onClick={() => remove(k)}>{t('settings.keyRevoke')}</Button> },
              ]}
            />
          )}
          {asked === 'key' && <Make close={() => ask('')} />}
        </>
      )}
    </Panel>
  )
}

function Make({ close }: { close: () => void }) {
  const [name, setName] = useState('')
  const [scope, setScope] = useState('ops')
  const [days, setDays] = useState('365')
  const make = async () => ({ about: t('settings.keyOnce'), secret: (await makeKey(name, scope, Number(days) * day)).key })
  return (
    <Maker title={t('settings.keyMake')} action={t('settings.keyMake')} make={make} close={close}>
      <TextInput label={t('settings.name')} description={t('settings.keyNameAbout')} required withAsterisk={false} data-autofocus maxLength={64} value={name} onChange={e => setName(e.currentTarget.value)} dir="auto" />
      <Select
        label={t('settings.scope')} allowDeselect={false} value={scope} onChange={v => setScope(v ?? 'ops')}
        data={[{ value: 'ops', label: t('settings.scopeOps') }, { value: 'auth', label: t('settings.scopeAuth') }, { value: 'data', label: t('settings.scopeData') }]}
      />
      <Select
        label={t('settings.ends')} allowDeselect={false} value={days} onChange={v => setDays(v ?? '365')}
        data={[...[30, 90, 365].map(n => ({ value: String(n), label: t('settings.days', { n }) })), { value: '0', label: t('settings.never') }]}
      />
    </Maker>
  )
}
