import { Badge, Button, Group, Table } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { confirm } from '../../parts/Confirm.tsx'
import { notify } from '../../parts/notify.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { dateTime, t, type Key } from '../../text.ts'
import { rotate, signing, type SigningKey } from './api.ts'
import { Panel } from './Panel.tsx'
import css from './settings.module.css'
import { useAct } from './useAct.ts'

const states: Record<SigningKey['state'], [Key, string]> = { signs: ['settings.signs', 'hutch'], waits: ['settings.waits', 'yellow'], verifies: ['settings.verifies', 'gray'] }

/** The keys that sign access tokens; their secret halves never leave the store. */
export function SigningTab() {
  const found = useQuery({ queryKey: ['settings', 'signing'], queryFn: ({ signal }) => signing(signal) })
  const { refresh } = useAct()
  const ask = (now: boolean) => confirm({
    title: now ? t('settings.rotateNow') : t('settings.rotate'), about: now ? t('settings.rotateNowAbout') : t('settings.rotateAbout'),
    action: now ? t('settings.rotateNow') : t('settings.rotate'), ...(now && { name: location.host }),
    run: async () => {
      const key = await rotate(now)
      await refresh()
      notify(t('settings.rotated', { id: key.id, at: dateTime(key.signsFrom) }))
    },
  })
  const acts = (
    <Group gap="xs">
      <Button variant="default" size="xs" onClick={() => ask(false)}>{t('settings.rotate')}</Button>
      <Button variant="light" color="red" size="xs" onClick={() => ask(true)}>{t('settings.rotateNow')}</Button>
    </Group>
  )
  return (
    <Panel about="settings.signingAbout" action={acts} found={found}>
      {data => (
        <div className={css.scroll} tabIndex={0} role="region" aria-label={t('settings.tab.signing')}>
          <Table verticalSpacing={8} horizontalSpacing="sm" fz="sm">
            <Table.Thead><Table.Tr><Table.Th>{t('settings.kid')}</Table.Th><Table.Th>{t('users.status')}</Table.Th><Table.Th>{t('settings.signsFrom')}</Table.Th><Table.Th>{t('settings.goodUntil')}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {data.keys.map(k => (
                <Table.Tr key={k.id}>
                  <Table.Td><Plain text={k.id} mono /></Table.Td>
                  <Table.Td><Badge size="sm" variant="light" color={states[k.state][1]}>{t(states[k.state][0])}</Badge></Table.Td>
                  <Table.Td>{dateTime(k.signsFrom)}</Table.Td>
                  <Table.Td>{k.endsAt ? dateTime(k.endsAt) : '–'}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </Panel>
  )
}
