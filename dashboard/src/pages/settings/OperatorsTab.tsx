import { useState } from 'react'
import { Badge, Button, Group, Text, TextInput } from '@mantine/core'
import { IconUserPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useOperator } from '../../account/session.ts'
import { confirm } from '../../parts/Confirm.tsx'
import { notify } from '../../parts/notify.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { useAct } from '../../parts/useAct.ts'
import { useUrlState } from '../../parts/useUrlState.ts'
import { dateTime, number, t } from '../../text.ts'
import { invite, operators, removeOperator, type OperatorRow } from './api.ts'
import { Maker } from './Maker.tsx'
import { Moment } from './Moment.tsx'
import { Panel } from './Panel.tsx'
import { Rows } from './Rows.tsx'

/** Who runs this server. */
export function OperatorsTab() {
  const found = useQuery({ queryKey: ['settings', 'operators'], queryFn: ({ signal }) => operators(signal) })
  const [asked, ask] = useUrlState('do')
  const { refresh } = useAct('settings')
  const me = useOperator()
  const remove = (o: OperatorRow) => confirm({
    title: t('settings.opRemove'), name: o.email, about: t('settings.opRemoveAbout'), action: t('settings.opRemove'),
    run: async () => {
      await removeOperator(o.id)
      await refresh()
      notify(t('settings.opRemoved', { who: o.email }))
    },
  })
  return (
    <Panel about="settings.opsAbout" found={found} action={<Button size="xs" leftSection={<IconUserPlus size={15} />} onClick={() => ask('invite')}>{t('settings.opInvite')}</Button>}>
      {data => (
        <>
          <Rows
            label="settings.tab.operators" rows={data.operators} id={o => o.id}
            columns={[
              { head: 'users.email', cell: o => <Group gap="xs" wrap="nowrap"><Plain text={o.email} />{o.id === me.id && <Badge size="xs" variant="light">{t('settings.you')}</Badge>}{o.status === 'invited' && <Badge size="xs" variant="light" color="yellow">{t('settings.isInvited')}</Badge>}</Group> },
              { head: 'settings.opId', cell: o => <Plain text={o.id} mono /> },
              { head: 'users.factors', cell: o => <Plain text={o.factors.join(', ') || '–'} /> },
              { head: 'users.sessions', cell: o => <span className="tabular">{number(o.sessions)}</span> },
              { head: 'users.lastSignIn', cell: o => <Moment at={o.lastSignInAt} /> },
              { head: 'settings.opRemove', acts: true, cell: o => o.id !== me.id && <Button variant="default" size="compact-xs" onClick={() => remove(o)}>{t('action.remove')}</Button> },
            ]}
          />
          {asked === 'invite' && <Invite close={() => ask('')} />}
        </>
      )}
    </Panel>
  )
}

function Invite({ close }: { close: () => void }) {
  const [email, setEmail] = useState('')
  const make = async () => {
    const link = await invite(email)
    return { about: t('settings.opOnce', { at: dateTime(link.expiresAt) }), secret: `${location.origin}/_/setup#${link.token}` }
  }
  return (
    <Maker title={t('settings.opInvite')} action={t('users.linkMake')} make={make} close={close}>
      <Text size="sm" c="dimmed">{t('settings.opInviteAbout')}</Text>
      <TextInput label={t('users.email')} type="email" required withAsterisk={false} data-autofocus autoComplete="off" maxLength={254} value={email} onChange={e => setEmail(e.currentTarget.value)} />
    </Maker>
  )
}
