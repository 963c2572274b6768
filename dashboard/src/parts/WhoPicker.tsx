import { useState } from 'react'
import { Group, Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconUser, IconUserOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { get } from '../api/api.ts'
import { t } from '../text.ts'
import { Plain } from './Plain.tsx'

interface Person { id: string; email?: string }
const users = '/admin/v1/auth/users'
export const guest = 'guest'

interface Props {
  label: string
  /** guest, the id of a user, or one of more. */
  value: string
  onChange: (who: string) => void
  /** Further choices, e.g. somebody who is made up. */
  more?: { value: string; label: string }[]
}

/** Whom to look through: a guest or a user, found by id or address. */
export function WhoPicker({ label, value, onChange, more = [] }: Props) {
  const [search, setSearch] = useState('')
  const fixed = [{ value: guest, label: t('who.notSignedIn') }, ...more]
  const known = !value || fixed.some(f => f.value === value)
  const chosen = useQuery({
    queryKey: ['who', 'id', value], queryFn: ({ signal }) => get<Person>(users + '/' + encodeURIComponent(value), undefined, signal),
    enabled: !known, staleTime: 60_000, retry: false,
  })
  // The field holds the name of who is chosen: that is no search.
  const name = fixed.find(f => f.value === value)?.label ?? (chosen.data?.email || value)
  const [q] = useDebouncedValue(search === name ? '' : search, 250)
  const people = useQuery({ queryKey: ['who', q], queryFn: ({ signal }) => get<{ users: Person[] }>(users, { filter: q, per_page: 10 }, signal) })
  const options = new Map(fixed.map(f => [f.value, f.label]))
  if (!known) options.set(value, name)
  for (const p of people.data?.users ?? []) options.set(p.id, p.email || p.id)
  return (
    <Select
      label={label} size="xs" searchable allowDeselect={false} value={value} onChange={v => v && onChange(v)} onSearchChange={setSearch} maxDropdownHeight={260}
      data={[...options].map(([value, label]) => ({ value, label }))} filter={({ options }) => options}
      nothingFoundMessage={t('who.nobody')} placeholder={t('who.search')} leftSection={value === guest ? <IconUserOff size={14} aria-hidden /> : <IconUser size={14} aria-hidden />}
      renderOption={({ option }) => <Group gap={8} wrap="nowrap" miw={0}>{option.value === guest ? <IconUserOff size={14} aria-hidden /> : <IconUser size={14} aria-hidden />}<Plain text={option.label} /></Group>}
    />
  )
}
