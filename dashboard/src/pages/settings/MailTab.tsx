import { useState } from 'react'
import { Alert, Badge, Button, Group, NavLink, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconInfoCircle, IconMailOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { FormError } from '../../parts/FormError.tsx'
import { notify } from '../../parts/notify.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Empty } from '../../parts/states.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { useAct } from '../../parts/useAct.ts'
import { useUrlState } from '../../parts/useUrlState.ts'
import { number, t } from '../../text.ts'
import { mail, testMail, type Mail } from './api.ts'
import { MailPreview } from './MailPreview.tsx'
import { Panel } from './Panel.tsx'
import css from './settings.module.css'

const counted = 1000

/** What sends mail, what it looks like, and what waits. */
export function MailTab() {
  const found = useQuery({ queryKey: ['settings', 'mail'], queryFn: ({ signal }) => mail(signal), refetchInterval: 15_000 })
  return (
    <Panel about="settings.mailAbout" found={found}>
      {m => m.sends ? <Mails mail={m} /> : <Empty title="settings.noMail" icon={IconMailOff} about={t('settings.noMailAbout')} />}
    </Panel>
  )
}

function Mails({ mail: m }: { mail: Mail }) {
  const [open, setOpen] = useUrlState('mail', m.kinds[0] ?? '')
  const count = (n: number) => n >= counted ? `${number(counted)}+` : number(n)
  return (
    <Stack gap="lg">
      {m.printed && <Alert variant="light" color="blue" icon={<IconInfoCircle size={18} />} p="xs">{t('settings.mailPrinted')}</Alert>}
      <Group gap="lg" align="flex-end">
        <Group gap="xs">
          {m.from && <Text size="sm" component="div"><Plain text={m.from} /></Text>}
          <Badge variant="light" color="gray">{t('settings.mailWaiting', { count: count(m.waiting) })}</Badge>
          <Badge variant="light" color={m.dead > 0 ? 'red' : 'gray'}>{t('settings.mailDead', { count: count(m.dead) })}</Badge>
        </Group>
        <Test />
      </Group>
      {m.failures.length > 0 && (
        <Stack gap={4}>
          <Title order={2}>{t('settings.mailFailures')}</Title>
          {m.failures.map(f => <Text key={f.id} size="sm" component="div"><TimeAgo at={f.at} />{' · '}<Plain text={f.reason} wrap max={300} /></Text>)}
        </Stack>
      )}
      <div className={css.mail}>
        <nav aria-label={t('settings.templates')}>
          {[...m.kinds, ...m.templates.map(name => 'app/' + name)].map(kind => (
            <NavLink key={kind} component="button" type="button" label={<Plain text={kind} mono />} active={kind === open} onClick={() => setOpen(kind)} py={4} fz="sm" {...(kind === open && { 'aria-current': 'true' as const })} />
          ))}
        </nav>
        <MailPreview key={open} kind={open} />
      </div>
    </Stack>
  )
}

function Test() {
  const [to, setTo] = useState('')
  const { busy, error, run } = useAct('settings')
  const send = async () => {
    if (await run(() => testMail(to).then(() => true))) notify(t('settings.mailSent', { to }))
  }
  return (
    <form onSubmit={e => {
      e.preventDefault()
      if (!busy) void send()
    }}>
      <Group gap="xs" align="flex-end">
        <TextInput size="xs" type="email" label={t('settings.mailTest')} required withAsterisk={false} maxLength={254} value={to} onChange={e => setTo(e.currentTarget.value)} />
        <Button size="xs" variant="default" type="submit" loading={busy}>{t('settings.mailSend')}</Button>
      </Group>
      <FormError error={error} />
    </form>
  )
}
