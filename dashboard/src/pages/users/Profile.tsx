import type { ReactNode } from 'react'
import { ActionIcon, CopyButton, Text } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { Plain } from '../../parts/Plain.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { dateTime, t } from '../../text.ts'
import { banned, nameOf, type User } from './api.ts'
import css from './users.module.css'

const none = '–'

/** What is known of the account. */
export function Profile({ user: u }: { user: User }) {
  const time = (at: string | undefined) => at ? <TimeAgo at={at} /> : none
  const rows: [string, ReactNode][] = [
    [t('users.email'), u.email ? <Plain text={u.email} wrap /> : none],
    [t('users.name'), nameOf(u) ? <Plain text={nameOf(u)} wrap /> : none],
    [t('users.id'), <Copied key="id" text={u.id} />],
    [t('users.roles'), <Plain key="roles" text={(u.app_metadata.roles ?? []).join(', ') || none} wrap />],
    [t('users.emailConfirmed'), time(u.email_confirmed_at)],
    [t('users.lastSignIn'), time(u.last_sign_in_at)],
    [t('users.created'), time(u.created_at)],
    [t('users.changed'), time(u.updated_at)],
  ]
  if (banned(u)) rows.push([t('users.bannedUntil'), <Text key="banned" span size="sm" c="red">{dateTime(u.banned_until as string)}</Text>])
  return (
    <dl className={css.facts}>
      {rows.map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={name + '='}>{value}</dd>])}
    </dl>
  )
}

/** Text with a button that copies it. */
export function Copied({ text }: { text: string }) {
  return (
    <>
      <Plain text={text} mono wrap />
      {' '}
      <CopyButton value={text}>
        {({ copied, copy }) => <ActionIcon variant="subtle" color="gray" size="xs" onClick={copy} aria-label={copied ? t('action.copied') : t('action.copy')}>{copied ? <IconCheck size={13} /> : <IconCopy size={13} />}</ActionIcon>}
      </CopyButton>
    </>
  )
}
