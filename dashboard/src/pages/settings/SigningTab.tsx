import { useEffect } from 'react'
import { Badge, Button, Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { confirm } from '../../parts/Confirm.tsx'
import { notify } from '../../parts/notify.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { useAct } from '../../parts/useAct.ts'
import { useUrlState } from '../../parts/useUrlState.ts'
import { dateTime, t, type Key } from '../../text.ts'
import { rotate, signing, type SigningKey } from './api.ts'
import { Panel } from './Panel.tsx'
import { Rows } from './Rows.tsx'

const states: Record<SigningKey['state'], [Key, string]> = { signs: ['settings.signs', 'hutch'], waits: ['settings.waits', 'yellow'], verifies: ['settings.verifies', 'gray'] }

/** The keys that sign access tokens; their secret halves never leave the store. */
export function SigningTab() {
  const found = useQuery({ queryKey: ['settings', 'signing'], queryFn: ({ signal }) => signing(signal) })
  const { refresh } = useAct('settings')
  const ask = (now: boolean) => confirm({
    title: now ? t('settings.rotateNow') : t('settings.rotate'), about: now ? t('settings.rotateNowAbout') : t('settings.rotateAbout'),
    action: now ? t('settings.rotateNow') : t('settings.rotate'), ...(now && { name: location.host }),
    run: async () => {
      const key = await rotate(now)
      await refresh()
      notify(t('settings.rotated', { id: key.id, at: dateTime(key.signsFrom) }))
    },
  })
  const [asked, setAsked] = useUrlState('do')
  useEffect(() => {
    if (asked !== 'rotate') return
    setAsked('', { replace: true })
    ask(false)
  }, [asked])
  const acts = (
    <Group gap="xs">
      <Button variant="default" size="xs" onClick={() => ask(false)}>{t('settings.rotate')}</Button>
      <Button variant="light" color="red" size="xs" onClick={() => ask(true)}>{t('settings.rotateNow')}</Button>
    </Group>
  )
  return (
    <Panel about="settings.signingAbout" action={acts} found={found}>
      {data => (
        <Rows
          label="settings.tab.signing" rows={data.keys} id={k => k.id}
          columns={[
            { head: 'settings.kid', cell: k => <Plain text={k.id} mono /> },
            { head: 'users.status', cell: k => <Badge size="sm" variant="light" color={states[k.state][1]}>{t(states[k.state][0])}</Badge> },
            { head: 'settings.signsFrom', cell: k => dateTime(k.signsFrom) },
            { head: 'settings.goodUntil', cell: k => k.endsAt ? dateTime(k.endsAt) : '–' },
          ]}
        />
      )}
    </Panel>
  )
}
