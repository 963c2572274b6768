import { NativeSelect, Text, TextInput, UnstyledButton } from '@mantine/core'
import { IconTable } from '@tabler/icons-react'
import { useState } from 'react'
import { Plain } from '../../parts/Plain.tsx'
import { bytes, number, t } from '../../text.ts'
import type { Collection } from './client.ts'
import css from './data.module.css'

interface Props { list: Collection[]; current: string; choose: (name: string) => void }

/** The collections with their counts and sizes; on a phone a list to choose from. */
export function Collections({ list, current, choose }: Props) {
  const [search, setSearch] = useState('')
  const shown = list.filter(c => c.name.toLowerCase().includes(search.toLowerCase()))
  return (
    <>
      <nav className={css.collections} aria-label={t('data.collections')}>
        {list.length > 8 && <TextInput size="xs" value={search} onChange={e => setSearch(e.currentTarget.value)} placeholder={t('data.searchCollections')} aria-label={t('data.searchCollections')} mb={6} />}
        {shown.map(c => (
          <UnstyledButton key={c.name} className={css.collection} data-collection={c.name} data-active={c.name === current || undefined} aria-current={c.name === current ? 'true' : undefined} onClick={() => choose(c.name)}>
            <IconTable size={15} stroke={1.6} aria-hidden />
            <span className={css.collectionName}><Plain text={c.name} /></span>
            <Text size="xs" c="dimmed" className="tabular" title={bytes(c.bytes)}>{c.countExact ? '' : '~'}{number(c.count, { notation: 'compact' })}</Text>
          </UnstyledButton>
        ))}
      </nav>
      <NativeSelect className={css.choose} value={current} onChange={e => choose(e.currentTarget.value)} aria-label={t('data.collections')} data={list.map(c => ({ value: c.name, label: `${c.name} (${number(c.count, { notation: 'compact' })})` }))} />
    </>
  )
}
