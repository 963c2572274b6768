import { useState, type ReactNode } from 'react'
import { Button, Code, Stack, Table, Text, TextInput, Title } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Modal } from '../../parts/Modal.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Failed, Loading } from '../../parts/states.tsx'
import { Bytes, TimeAgo } from '../../parts/TimeAgo.tsx'
import { number, t, word } from '../../text.ts'
import { about, licence, type About, type Licence } from './api.ts'
import { Panel } from './Panel.tsx'
import css from './settings.module.css'

/** This server, and what it is made of. */
export function AboutTab() {
  const found = useQuery({ queryKey: ['settings', 'about'], queryFn: ({ signal }) => about(signal) })
  return <Panel about="settings.aboutAbout" found={found}>{a => <Stack gap="lg"><Facts about={a} /><Licences list={a.licences} /></Stack>}</Panel>
}

function Facts({ about: a }: { about: About }) {
  const rows: [string, ReactNode][] = [
    ['Hutch', a.version], ['Go', a.go], [t('settings.platform'), a.platform], [t('settings.started'), <TimeAgo key="at" at={a.started} />],
    [t('settings.store'), <span key="store">{word(`settings.store.${a.store}`, a.store)}{' · '}<Bytes n={a.bytes} /></span>], [t('settings.nodes'), number(a.nodes)],
  ]
  return <dl className={css.facts}>{rows.map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={name + '='}>{value}</dd>])}</dl>
}

function Licences({ list }: { list: Licence[] }) {
  const [search, setSearch] = useState('')
  const [open, setOpen] = useState<Licence>()
  const shown = list.filter(l => (l.name + ' ' + l.licence).toLowerCase().includes(search.toLowerCase()))
  return (
    <Stack gap="xs">
      <Title order={2}>{t('settings.licences')}</Title>
      <Text size="sm" c="dimmed">{t('settings.licencesAbout', { n: list.length })}</Text>
      <TextInput size="xs" maw={300} leftSection={<IconSearch size={15} />} placeholder={t('settings.findLibrary')} aria-label={t('settings.findLibrary')} value={search} onChange={e => setSearch(e.currentTarget.value)} spellCheck={false} />
      <div className={css.scroll} tabIndex={0} role="region" aria-label={t('settings.licences')}>
        <Table verticalSpacing={4} horizontalSpacing="sm" fz="sm" highlightOnHover>
          <Table.Thead><Table.Tr><Table.Th>{t('settings.library')}</Table.Th><Table.Th>{t('settings.version')}</Table.Th><Table.Th>{t('settings.from')}</Table.Th><Table.Th>{t('settings.licence')}</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {shown.map(l => (
              <Table.Tr key={`${l.from} ${l.name} ${l.version}`}>
                <Table.Td>{l.name}</Table.Td><Table.Td className="mono">{l.version}</Table.Td><Table.Td>{l.from}</Table.Td>
                <Table.Td><Button variant="subtle" size="compact-xs" onClick={() => setOpen(l)}>{l.licence}</Button></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {open && <Modal opened onClose={() => setOpen(undefined)} size="xl" title={`${open.name} · ${open.licence}`} closeButtonProps={{ 'aria-label': t('action.close') }}><LicenceText id={open.text} /></Modal>}
    </Stack>
  )
}

function LicenceText({ id }: { id: string }) {
  const found = useQuery({ queryKey: ['settings', 'licence', id], queryFn: ({ signal }) => licence(id, signal), staleTime: Infinity })
  if (found.isPending) return <Loading />
  if (found.isLoadingError) return <Failed error={found.error} retry={found.refetch} />
  return <Code block tabIndex={0} className={css.source as string}><Plain text={found.data.text} wrap max={60_000} /></Code>
}
