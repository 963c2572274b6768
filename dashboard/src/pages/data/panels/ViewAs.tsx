import { Button, Group, Popover, Stack, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconEye, IconEyeOff, IconUser } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get } from '../../../api/api.ts'
import { Plain } from '../../../parts/Plain.tsx'
import { Failed, Loading } from '../../../parts/states.tsx'
import { T } from '../../../parts/Text.tsx'
import { t } from '../../../text.ts'
import css from '../data.module.css'
import type { Go, Place } from '../place.ts'

interface Person { id: string; email?: string }
const guest = 'guest'
const users = '/admin/v1/auth/users'

/** Shows the collection as a user, or somebody who is not signed in, may see it. */
export function ViewAsMenu({ place, go }: { place: Place; go: Go }) {
  const [opened, setOpened] = useState(false)
  const [search, setSearch] = useState('')
  const [q] = useDebouncedValue(search, 250)
  const people = useQuery({ queryKey: ['data', 'people', q], queryFn: ({ signal }) => get<{ users: Person[] }>(users, { filter: q, per_page: 8 }, signal), enabled: opened })
  const choose = (as: string) => {
    setOpened(false)
    go({ as, doc: '' })
  }
  return (
    <Popover position="bottom-start" width={300} trapFocus shadow="md" opened={opened} onChange={setOpened}>
      <Popover.Target><Button size="xs" variant={place.as ? 'light' : 'default'} leftSection={<IconEye size={15} />} onClick={() => setOpened(!opened)}><span className={css.label}>{t('data.as.title')}</span></Button></Popover.Target>
      <Popover.Dropdown p="xs">
        <Stack gap={6}>
          <Text size="xs" c="dimmed">{t('data.as.about')}</Text>
          <Button size="xs" variant="default" leftSection={<IconEyeOff size={14} />} onClick={() => choose(guest)}>{t('data.as.guest')}</Button>
          <TextInput size="xs" data-autofocus value={search} onChange={e => setSearch(e.currentTarget.value)} placeholder={t('data.as.search')} aria-label={t('data.as.search')} />
          {people.isPending ? <Loading /> : people.isLoadingError ? <Failed error={people.error} /> : people.data.users.length === 0
            ? <Text size="xs" c="dimmed">{t('data.as.nobody')}</Text>
            : people.data.users.map(u => (
                <UnstyledButton key={u.id} className={css.person} onClick={() => choose(u.id)}>
                  <IconUser size={14} aria-hidden /> <Plain text={u.email || u.id} />
                </UnstyledButton>
              ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

/** Nobody may forget through whose eyes he looks. */
export function ViewAsBanner({ as, end }: { as: string; end: () => void }) {
  const person = useQuery({ queryKey: ['data', 'person', as], queryFn: ({ signal }) => get<Person>(`${users}/${encodeURIComponent(as)}`, undefined, signal), enabled: as !== guest, staleTime: 60_000, retry: false })
  const name = as === guest ? t('data.as.guestName') : person.data?.email || as
  return (
    <Group className={css.banner} role="status" justify="space-between" gap="xs">
      <Group gap={8} wrap="nowrap" miw={0}>
        <IconEye size={16} aria-hidden />
        <Text size="sm" component="div" miw={0}><T k="data.as.banner" values={{ name: <b key="name"><Plain text={name} /></b> }} /></Text>
      </Group>
      <Button size="compact-xs" variant="white" color="dark" onClick={end}>{t('data.as.end')}</Button>
    </Group>
  )
}
