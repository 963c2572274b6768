import type { ReactNode } from 'react'
import { Badge, Button, Group, Stack, Text, Title } from '@mantine/core'
import { IconDeviceDesktop, IconFingerprint, IconKey, IconShieldLock } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { confirm } from '../../parts/Confirm.tsx'
import { notify } from '../../parts/notify.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Failed, Loading, Stale } from '../../parts/states.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { useAct } from '../../parts/useAct.ts'
import { t, type Key } from '../../text.ts'
import { endSessions, label, passkeys, removeFactor, removePasskey, sessions, unlink, type User } from './api.ts'
import { deviceOf } from './device.ts'
import css from './users.module.css'

/** How somebody gets in: sessions, identities, second factors, passkeys. */
export function Access({ user: u }: { user: User }) {
  const { refresh } = useAct('users')
  const ask = (title: Key, about: Key, act: () => Promise<unknown>, name?: string) => confirm({
    title: t(title), about: t(about), action: t(title), ...(name !== undefined && { name }),
    run: async () => {
      await act()
      await refresh()
      notify(t('users.done'))
    },
  })
  return (
    <>
      <Sessions user={u} end={id => ask(id ? 'users.endOne' : 'users.endAll', id ? 'users.endOneAbout' : 'users.endAllAbout', () => endSessions(u.id, id))} />
      <Section title="users.identities">
        {u.identities.length === 0 && <Nothing k="users.noIdentities" />}
        {u.identities.map(i => (
          <Item key={i.identity_id} icon={<IconKey size={18} />} title={<Plain text={i.provider} />} about={<Plain text={i.email ?? i.id} />} at={i.last_sign_in_at}>
            {u.identities.length > 1 && <Remove label="users.unlink" onClick={() => ask('users.unlink', 'users.unlinkAbout', () => unlink(u.id, i.identity_id), i.provider)} />}
          </Item>
        ))}
      </Section>
      <Section title="users.factors">
        {u.factors.length === 0 && <Nothing k="users.noFactors" />}
        {u.factors.map(f => (
          <Item key={f.id} icon={<IconShieldLock size={18} />} title={<Plain text={f.friendly_name || f.factor_type} />} about={<Plain text={f.factor_type} />} at={f.created_at} badge={f.status === 'verified' ? undefined : t('users.unverified')}>
            <Remove label="action.remove" onClick={() => ask('users.removeFactor', 'users.removeFactorAbout', () => removeFactor(u.id, f.id), label(u))} />
          </Item>
        ))}
      </Section>
      <Passkeys user={u} remove={id => ask('users.removePasskey', 'users.removePasskeyAbout', () => removePasskey(u.id, id), label(u))} />
    </>
  )
}

function Sessions({ user, end }: { user: User; end: (id: string) => void }) {
  const found = useQuery({ queryKey: ['users', 'sessions', user.id], queryFn: ({ signal }) => sessions(user.id, signal) })
  const list = found.data?.sessions ?? []
  return (
    <Section title="users.sessions" action={list.length > 0 && <Button variant="light" color="red" size="compact-xs" onClick={() => end('')}>{t('users.endAll')}</Button>}>
      <Stale of={found} />
      {found.isPending ? <Loading /> : found.isLoadingError ? <Failed error={found.error} retry={found.refetch} /> : list.length === 0 ? <Nothing k="users.noSessions" /> : list.map(s => (
        <Item
          key={s.id} icon={<IconDeviceDesktop size={18} />} title={<Plain text={deviceOf(s.user_agent) || t('users.unknownDevice')} />} about={<Plain text={[s.ip, s.aal].filter(Boolean).join(' · ')} />} at={s.refreshed_at}
          badge={s.actor ? t('users.impersonated') : undefined}
        >
          <Remove label="users.end" onClick={() => end(s.id)} />
        </Item>
      ))}
    </Section>
  )
}

function Passkeys({ user, remove }: { user: User; remove: (id: string) => void }) {
  const found = useQuery({ queryKey: ['users', 'passkeys', user.id], queryFn: ({ signal }) => passkeys(user.id, signal) })
  return (
    <Section title="users.passkeys">
      <Stale of={found} />
      {found.isPending ? <Loading /> : found.isLoadingError ? <Failed error={found.error} retry={found.refetch} /> : found.data.length === 0 ? <Nothing k="users.noPasskeys" /> : found.data.map(p => (
        <Item key={p.id} icon={<IconFingerprint size={18} />} title={<Plain text={p.friendly_name || p.id} />} about={null} at={p.last_used_at ?? p.created_at}>
          <Remove label="action.remove" onClick={() => remove(p.id)} />
        </Item>
      ))}
    </Section>
  )
}

function Section({ title, action, children }: { title: Key; action?: ReactNode; children: ReactNode }) {
  return (
    <Stack gap={4} component="section">
      <Group justify="space-between"><Title order={3}>{t(title)}</Title>{action}</Group>
      <div>{children}</div>
    </Stack>
  )
}

const Nothing = ({ k }: { k: Key }) => <Text size="sm" c="dimmed">{t(k)}</Text>

const Remove = ({ label: k, onClick }: { label: Key; onClick: () => void }) => <Button variant="default" size="compact-xs" onClick={onClick}>{t(k)}</Button>

function Item({ icon, title, about, at, badge, children }: { icon: ReactNode; title: ReactNode; about: ReactNode; at: string | undefined; badge?: string | undefined; children?: ReactNode }) {
  return (
    <div className={css.item}>
      {icon}
      <div className={css.grow}>
        <Group gap="xs" wrap="nowrap"><Text size="sm" component="div" miw={0}>{title}</Text>{badge && <Badge size="xs" variant="light" color="yellow">{badge}</Badge>}</Group>
        <Text size="xs" c="dimmed" component="div">{about}{about && at ? ' · ' : ''}{at && <TimeAgo at={at} />}</Text>
      </div>
      {children}
    </div>
  )
}
