import { useEffect, useRef, useState } from 'react'
import { CloseButton, Group, Select, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useUrlState } from '../../parts/useUrlState.ts'
import { number, t } from '../../text.ts'
import type { Filters } from './api.ts'
import css from './users.module.css'

const kinds = ['banned', 'unconfirmed', 'anonymous'] as const
const asked: Record<string, Filters> = { banned: { banned: 'true' }, unconfirmed: { confirmed: 'false', anonymous: 'false' }, anonymous: { anonymous: 'true' } }

/** The filters of the URL as the server takes them, and whether there are any. */
export function useFilters(): [Filters, boolean] {
  const [filter] = useUrlState('q')
  const [role] = useUrlState('role')
  const [kind] = useUrlState('kind')
  const [provider] = useUrlState('provider')
  const all = { filter, role, provider, ...asked[kind] }
  return [Object.fromEntries(Object.entries(all).filter(([, v]) => v !== '')), filter + role + kind + provider !== '']
}

/** Text that goes into the URL once typing rests. */
function useTyped(name: string): [string, (v: string) => void] {
  const [value, set] = useUrlState(name)
  const [typed, setTyped] = useState(value)
  const sent = useRef(value)
  const later = useDebouncedCallback((v: string) => {
    sent.current = v
    set(v, { replace: true })
  }, 300)
  useEffect(() => {
    if (value !== sent.current) setTyped(value) // the back button
    sent.current = value
  }, [value])
  return [typed, v => {
    setTyped(v)
    later(v.trim())
  }]
}

export function FilterBar({ total }: { total: number | undefined }) {
  const [filter, setFilter] = useTyped('q')
  const [role, setRole] = useTyped('role')
  const [kind, setKind] = useUrlState('kind')
  const [provider, setProvider] = useTyped('provider')
  return (
    <Group gap="xs" className={css.filters as string}>
      <TextInput
        size="xs" className={css.search as string} leftSection={<IconSearch size={15} />} placeholder={t('users.search')} aria-label={t('users.search')} value={filter} onChange={e => setFilter(e.currentTarget.value)}
        maxLength={254} spellCheck={false} dir="auto" rightSection={filter !== '' && <CloseButton size="xs" aria-label={t('users.clear')} onClick={() => setFilter('')} />}
      />
      <Select
        size="xs" w={150} aria-label={t('users.status')} placeholder={t('users.anyStatus')} clearable value={kind || null} onChange={v => setKind(v ?? '')} clearButtonProps={{ 'aria-label': t('users.clear') }}
        data={kinds.map(value => ({ value, label: t(({ banned: 'users.isBanned', unconfirmed: 'users.isUnconfirmed', anonymous: 'users.isGuest' } as const)[value]) }))}
      />
      <TextInput size="xs" w={120} placeholder={t('users.role')} aria-label={t('users.role')} value={role} onChange={e => setRole(e.currentTarget.value)} maxLength={64} spellCheck={false} />
      <TextInput size="xs" w={120} placeholder={t('users.provider')} aria-label={t('users.provider')} value={provider} onChange={e => setProvider(e.currentTarget.value)} maxLength={64} spellCheck={false} />
      {total !== undefined && <Text size="xs" c="dimmed" ml="auto" role="status" className="tabular">{total < 0 ? t('users.many', { n: number(10_000) }) : t('users.count', { n: total })}</Text>}
    </Group>
  )
}
