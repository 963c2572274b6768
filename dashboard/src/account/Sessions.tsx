import { Badge, Box, Button, Group, Stack, Text } from '@mantine/core'
import { IconDevices } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { del, get } from '../api/api.ts'
import { queries } from '../api/queries.ts'
import { notify, notifyError } from '../parts/notify.tsx'
import { Plain } from '../parts/Plain.tsx'
import { Failed, Loading, Stale } from '../parts/states.tsx'
import { T } from '../parts/Text.tsx'
import { TimeAgo } from '../parts/TimeAgo.tsx'
import { t } from '../text.ts'
import { Section } from './Section.tsx'
import { enter, type SessionState } from './session.ts'

interface Device { id: string; userAgent: string; ip: string; createdAt: string; seenAt: string; current: boolean }

const key = ['account', 'sessions']

export function Sessions() {
  const list = useQuery({ queryKey: key, queryFn: ({ signal }) => get<{ sessions: Device[] }>('/admin/v1/account/sessions', undefined, signal) })
  const end = useMutation({
    mutationFn: (id: string) => del<SessionState>('/admin/v1/account/sessions' + (id && '/' + id)),
    onSuccess: state => {
      enter(state)
      notify(t('account.sessionEnded'))
      return queries.invalidateQueries({ queryKey: key })
    },
    onError: notifyError,
  })
  const sessions = list.data?.sessions ?? []
  return (
    <Section
      title="account.sessions" about="account.sessionsAbout"
      action={sessions.length > 1 && <Button size="xs" variant="default" onClick={() => end.mutate('')} loading={end.isPending}>{t('account.sessionsEnd')}</Button>}
    >
      {list.isPending && <Loading />}
      <Stale of={list} />
      {list.isLoadingError && <Failed error={list.error} retry={list.refetch} />}
      <Stack gap="xs">
        {sessions.map(s => (
          <Group key={s.id} gap="sm" wrap="nowrap">
            <IconDevices size={20} stroke={1.6} aria-hidden />
            <Box flex={1} miw={0}>
              <Group gap={6} wrap="nowrap">
                <Text size="sm" fw={500} miw={0} component="div"><Plain text={browserOf(s.userAgent)} /></Text>
                {s.current && <Badge size="sm" variant="light" tt="none">{t('account.sessionThis')}</Badge>}
              </Group>
              <Text size="xs" c="dimmed" component="div"><Plain text={s.ip} mono /> · <T k="account.sessionSeen" values={{ when: <TimeAgo at={s.seenAt} /> }} /></Text>
            </Box>
            {!s.current && <Button size="compact-sm" variant="subtle" color="red" onClick={() => end.mutate(s.id)} aria-label={t('account.sessionEndOf', { ip: s.ip })}>{t('account.sessionEnd')}</Button>}
          </Group>
        ))}
      </Stack>
    </Section>
  )
}

const browsers: [RegExp, string][] = [[/Edg\//, 'Edge'], [/Firefox\//, 'Firefox'], [/Chrom(e|ium)\//, 'Chrome'], [/Safari\//, 'Safari']]
const systems: [RegExp, string][] = [[/Windows/, 'Windows'], [/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Mac OS/, 'macOS'], [/Linux|X11/, 'Linux']]

/** A user agent as people name it; what is not known stays as it is. */
export function browserOf(agent: string): string {
  const [browser, system] = [browsers, systems].map(list => list.find(([r]) => r.test(agent))?.[1])
  return browser && system ? `${browser}, ${system}` : agent || '?'
}
