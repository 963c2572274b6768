import { Badge } from '@mantine/core'
import { t } from '../../text.ts'
import { banned, type User } from './api.ts'

/** What is special about an account. */
export function Status({ user: u }: { user: User }) {
  if (banned(u)) return <Badge size="sm" variant="light" color="red">{t('users.isBanned')}</Badge>
  if (u.is_anonymous) return <Badge size="sm" variant="light" color="gray">{t('users.isGuest')}</Badge>
  if (!u.email_confirmed_at) return <Badge size="sm" variant="light" color="yellow">{t('users.isUnconfirmed')}</Badge>
  return <Badge size="sm" variant="light" color="hutch">{t('users.isConfirmed')}</Badge>
}
