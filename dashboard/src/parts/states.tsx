import type { ReactNode } from 'react'
import { Button, Center, Code, Group, Loader, Stack, Text, ThemeIcon, Title, VisuallyHidden } from '@mantine/core'
import { IconAlertTriangle, IconCloudOff, IconInbox, IconLock } from '@tabler/icons-react'
import type { Icon } from '@tabler/icons-react'
import { apiError, isDenied } from '../api/error.ts'
import { t, type Key } from '../text.ts'
import { ErrorText, errorTitle } from './ErrorText.tsx'
import { Plain } from './Plain.tsx'
import { T } from './Text.tsx'
import { TimeAgo } from './TimeAgo.tsx'

function Notice({ icon: Icon, color, title, role, children }: { icon: Icon; color: string; title: string; role?: string; children?: ReactNode }) {
  return (
    <Center py="xl" px="md">
      <Stack align="center" gap="xs" maw={460} ta="center" {...(role && { role })}>
        <ThemeIcon variant="light" color={color} size={44} radius="xl"><Icon size={24} stroke={1.6} /></ThemeIcon>
        <Title order={2}>{title}</Title>
        {children}
      </Stack>
    </Center>
  )
}

/** Content is on its way. */
export function Loading() {
  return (
    <Center py={64} role="status">
      <Loader size="sm" />
      <VisuallyHidden>{t('state.loading')}</VisuallyHidden>
    </Center>
  )
}

/** There is nothing yet; says what to do about it. */
export function Empty({ title, about, action, icon = IconInbox }: { title: Key; about?: ReactNode; action?: ReactNode; icon?: Icon }) {
  return (
    <Notice icon={icon} color="gray" title={t(title)}>
      {about && <Text c="dimmed" size="sm">{about}</Text>}
      {action}
    </Notice>
  )
}

/** Something went wrong: what, what helps, and how to find it in the log. */
export function Failed({ error, retry }: { error: unknown; retry?: (() => unknown) | undefined }) {
  if (isDenied(error)) return <Denied error={error} />
  const e = apiError(error)
  return (
    <Notice icon={IconAlertTriangle} color="red" title={e.code === 'unavailable' ? t('state.unreachable') : errorTitle(e) ?? t('state.failed')} role="alert">
      <Text size="sm"><Plain text={e.message} wrap max={600} /></Text>
      {e.hint && <Text size="sm" c="dimmed"><Plain text={e.hint} wrap max={600} /></Text>}
      <Group gap="xs" justify="center">
        <Code>{e.code}</Code>
        {e.field && <Code>{e.field}</Code>}
        {e.requestId && <Text size="xs" c="dimmed">{t('state.requestId')} <Code>{e.requestId}</Code></Text>}
      </Group>
      {retry && <Button variant="default" size="xs" mt="xs" onClick={() => void retry()}>{t('state.retry')}</Button>}
    </Notice>
  )
}

/** What a query of TanStack tells of itself. */
interface Asked { isError: boolean; data: unknown; error: unknown; dataUpdatedAt: number; refetch: () => unknown }

/**
 * One line above what is on screen, while its newest refresh has failed: the
 * content stays. Goes with `isLoadingError` for the page that never had any.
 */
export function Stale({ of }: { of: Asked }) {
  if (!of.isError || of.data === undefined) return null
  return (
    <Group gap={6} wrap="nowrap" role="status" className="stale">
      <IconCloudOff size={16} stroke={1.7} aria-hidden />
      <Text size="xs" component="div" miw={0}>
        <T k="state.stale" values={{ when: <TimeAgo at={of.dataUpdatedAt} /> }} /> <ErrorText error={of.error} max={200} />
      </Text>
      <Button variant="subtle" color="gray" size="compact-xs" onClick={() => void of.refetch()}>{t('state.retry')}</Button>
    </Group>
  )
}

/** Who is signed in may not see this; says who could change that. */
export function Denied({ error }: { error?: unknown }) {
  const hint = error === undefined ? undefined : apiError(error).hint
  return (
    <Notice icon={IconLock} color="yellow" title={t('state.denied')} role="alert">
      <Text size="sm" c="dimmed">{hint ? <Plain text={hint} wrap /> : t('state.deniedAbout')}</Text>
    </Notice>
  )
}
