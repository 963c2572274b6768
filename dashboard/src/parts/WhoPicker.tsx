import { useState } from 'react'
import { Group, Select, type SelectProps } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconUser, IconUserCog, IconUserOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { get } from '../api/api.ts'
import { t } from '../text.ts'
import { ErrorText } from './ErrorText.tsx'
import { Plain } from './Plain.tsx'

interface Person { id: string; email?: string }
interface Choice { value: string; label: string }
const users = '/admin/v1/auth/users'
export const guest = 'guest'
/** The operator who is signed in, past the rules. */
export const oneself = 'operator'

interface Props {
  label: string
  /** guest, the id of a user, or one of more; '' where nobody is chosen yet. */
  value: string
  onChange: (who: string) => void
  /** Further choices, e.g. somebody who is made up. */
  more?: Choice[]
  size?: SelectProps['size']
  /** Inside of something that a click outside of it closes. */
  inside?: boolean
}

/** The address of a user, or the id where there is none to know. */
export function usePersonName(id: string): string {
  const person = useQuery({
    queryKey: ['who', 'id', id], queryFn: ({ signal }) => get<Person>(users + '/' + encodeURIComponent(id), undefined, signal),
    enabled: id !== '' && id !== guest, staleTime: 60_000, retry: false,
  })
  return person.data?.email || id
}

/** As whom something is done: a guest or a user, found by id or address. */
export function WhoPicker({ label, value, onChange, more = [], size = 'xs', inside = false }: Props) {
  const [search, setSearch] = useState('')
  const fixed = [...more.filter(m => m.value === oneself), { value: guest, label: t('who.notSignedIn') }, ...more.filter(m => m.value !== oneself)]
  const known = value === '' || fixed.some(f => f.value === value)
  const person = usePersonName(known ? '' : value)
  // The field holds the name of who is chosen: that is no search.
  const name = fixed.find(f => f.value === value)?.label ?? person
  const [q] = useDebouncedValue(search === name ? '' : search, 250)
  const people = useQuery({ queryKey: ['who', q], queryFn: ({ signal }) => get<{ users: Person[] }>(users, { filter: q, per_page: 10 }, signal) })
  const options = new Map(fixed.filter(f => q === '' || f.label.toLowerCase().includes(q.toLowerCase())).map(f => [f.value, f.label]))
  if (value !== '') options.set(value, name)
  for (const p of people.data?.users ?? []) options.set(p.id, p.email || p.id)
  return (
    <Select
      label={label} size={size} searchable allowDeselect={false} value={value || null} onChange={v => v && onChange(v)} onSearchChange={setSearch} maxDropdownHeight={260}
      data={[...options].map(([value, label]) => ({ value, label }))} filter={({ options }) => options} comboboxProps={{ withinPortal: !inside }}
      nothingFoundMessage={t('who.nobody')} placeholder={t('who.search')} leftSection={<Face of={value} />} {...people.isLoadingError && { error: <ErrorText error={people.error} max={200} /> }}
      renderOption={({ option }) => <Group gap={8} wrap="nowrap" miw={0}><Face of={option.value} /><Plain text={option.label} /></Group>}
    />
  )
}

function Face({ of }: { of: string }) {
  const Icon = of === guest ? IconUserOff : of === oneself ? IconUserCog : IconUser
  return <Icon size={14} aria-hidden />
}
