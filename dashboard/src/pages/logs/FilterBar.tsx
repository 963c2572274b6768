import { useEffect, useState } from 'react'
import { Button, CloseButton, Group, NativeSelect, Pill, TextInput } from '@mantine/core'
import { IconPlayerPause, IconPlayerPlay, IconSearch } from '@tabler/icons-react'
import { Plain } from '../../parts/Plain.tsx'
import { t, type Key } from '../../text.ts'
import { kinds } from './api.ts'
import { ranges, validStatus, type Filters } from './filters.ts'

/** What is looked for, and since when. */
export function FilterBar({ f, live, setLive }: { f: Filters; live: boolean; setLive: (on: boolean) => void }) {
  const [text, setText] = useState(f.text)
  const [status, setStatus] = useState(f.status)
  useEffect(() => setText(f.text), [f.text])
  useEffect(() => setStatus(f.status), [f.status])
  useEffect(() => {
    if (text === f.text) return
    const later = setTimeout(() => f.setText(text, { replace: true }), 350)
    return () => clearTimeout(later)
  }, [text, f])
  const pills: [Key, string, () => void][] = [
    ['logs.user', f.user, () => f.setUser('')], ['logs.request', f.request, () => f.setRequest('')], ['logs.route', f.route, () => f.setRoute('')],
  ]
  return (
    <>
      <Group gap="xs" align="flex-end" role="search" aria-label={t('logs.search')}>
        <TextInput
          size="xs" flex="1 1 220px" leftSection={<IconSearch size={14} />} aria-label={t('logs.searchText')} placeholder={t('logs.searchText')} maxLength={150} value={text}
          onChange={e => setText(e.currentTarget.value)} rightSection={text && <CloseButton size="xs" aria-label={t('logs.clear')} onClick={() => setText('')} />}
        />
        <NativeSelect size="xs" aria-label={t('logs.kind')} value={f.kind} onChange={e => f.setKind(e.currentTarget.value)}
          data={[{ value: '', label: t('logs.allKinds') }, ...kinds.map(k => ({ value: k, label: t(`logs.kind.${k}`) }))]} />
        <NativeSelect size="xs" aria-label={t('logs.level')} value={f.level} onChange={e => f.setLevel(e.currentTarget.value)}
          data={[{ value: '', label: t('logs.allLevels') }, { value: 'warn', label: t('logs.warnUp') }, { value: 'error', label: t('logs.errors') }]} />
        <TextInput size="xs" w={92} aria-label={t('logs.status')} placeholder={t('logs.status')} value={status} error={status !== '' && !validStatus(status)} maxLength={3}
          onChange={e => {
            setStatus(e.currentTarget.value)
            if (e.currentTarget.value === '' || validStatus(e.currentTarget.value)) f.setStatus(e.currentTarget.value, { replace: true })
          }} />
        <NativeSelect size="xs" aria-label={t('logs.range')} value={f.range} onChange={e => f.setRange(e.currentTarget.value)}
          data={ranges.map(r => ({ value: r, label: t(`logs.range.${r}`) }))} />
        <Button size="xs" variant={live ? 'light' : 'default'} aria-pressed={live} leftSection={live ? <IconPlayerPause size={14} /> : <IconPlayerPlay size={14} />} onClick={() => setLive(!live)}>
          {live ? t('logs.pause') : t('logs.live')}
        </Button>
      </Group>
      {f.custom && (
        <Group gap="xs">
          <TextInput size="xs" type="datetime-local" aria-label={t('logs.from')} value={f.from} onChange={e => f.setFrom(e.currentTarget.value, { replace: true })} />
          <TextInput size="xs" type="datetime-local" aria-label={t('logs.to')} value={f.to} onChange={e => f.setTo(e.currentTarget.value, { replace: true })} />
        </Group>
      )}
      {pills.some(([, v]) => v !== '') && (
        <Group gap="xs">
          {pills.filter(([, v]) => v !== '').map(([key, value, clear]) => (
            <Pill key={key} size="sm" withRemoveButton onRemove={clear} removeButtonProps={{ 'aria-label': t('logs.without', { name: t(key) }), tabIndex: 0, 'aria-hidden': false }}>
              {t(key)}: <Plain text={value} />
            </Pill>
          ))}
        </Group>
      )}
    </>
  )
}
