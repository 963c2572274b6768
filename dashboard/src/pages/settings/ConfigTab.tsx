import { useState } from 'react'
import { Alert, Badge, Group, Stack, Switch, Table, Text, TextInput, Title } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconLock, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Plain } from '../../parts/Plain.tsx'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { t, type Key } from '../../text.ts'
import { config, type Config, type Finding, type Value } from './api.ts'
import { Panel } from './Panel.tsx'
import css from './settings.module.css'

const sources: Record<Value['source'], [Key, string]> = {
  file: ['settings.fromFile', 'hutch'], default: ['settings.fromDefault', 'gray'], environment: ['settings.fromEnvironment', 'violet'], flag: ['settings.fromFlag', 'blue'],
}

/** The effective config: each value, and where it came from. */
export function ConfigTab() {
  const found = useQuery({ queryKey: ['settings', 'config'], queryFn: ({ signal }) => config(signal) })
  return (
    <Panel about="settings.configAbout" found={found}>
      {c => (
        <Stack gap="lg">
          <Refused config={c} />
          <Findings list={c.findings} />
          <Values config={c} />
          <Reloads config={c} />
        </Stack>
      )}
    </Panel>
  )
}

/** The last reload, where it did not take: what is below it is the config of before. */
function Refused({ config: c }: { config: Config }) {
  const last = c.reloads[0]
  if (!last || last.ok) return null
  return (
    <Alert color="red" variant="light" title={t('settings.lastRefused')} role="alert">
      <Text size="sm" component="div" mb={last.findings.length > 0 ? 6 : 0}><TimeAgo at={last.at} />{last.message && <> · <Plain text={last.message} wrap max={300} /></>}</Text>
      {last.findings.length > 0 && <Findings list={last.findings} />}
    </Alert>
  )
}

function Values({ config: c }: { config: Config }) {
  const [search, setSearch] = useState('')
  const [defaults, setDefaults] = useState(false)
  const shown = c.values.filter(v => (defaults || v.source !== 'default') && v.path.toLowerCase().includes(search.toLowerCase()))
  return (
    <Stack gap="xs">
      <Group gap="md">
        <TextInput size="xs" w={260} leftSection={<IconSearch size={15} />} placeholder={t('settings.findKey')} aria-label={t('settings.findKey')} value={search} onChange={e => setSearch(e.currentTarget.value)} spellCheck={false} />
        <Switch size="xs" label={t('settings.withDefaults')} checked={defaults} onChange={e => setDefaults(e.currentTarget.checked)} />
      </Group>
      {shown.length === 0 ? <Text size="sm" c="dimmed">{t('settings.noKey')}</Text> : (
        <div className={css.scroll} tabIndex={0} role="region" aria-label={t('settings.tab.config')}>
          <Table verticalSpacing={6} horizontalSpacing="sm" fz="sm" highlightOnHover>
            <Table.Thead><Table.Tr><Table.Th>{t('settings.key')}</Table.Th><Table.Th>{t('settings.value')}</Table.Th><Table.Th>{t('settings.source')}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {shown.map(v => (
                <Table.Tr key={v.path}>
                  <Table.Td><Plain text={v.path} mono wrap /></Table.Td>
                  <Table.Td className={css.value as string}>{v.hidden ? <Hidden text={v.value} /> : v.value === '' ? <Text span size="sm" c="dimmed">{t('settings.unset')}</Text> : <Plain text={v.value} mono wrap max={400} />}</Table.Td>
                  <Table.Td><Source value={v} /></Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </Stack>
  )
}

const Hidden = ({ text }: { text: string }) => <Group gap={4} wrap="nowrap" c="dimmed"><IconLock size={14} /><Plain text={text} mono /></Group>

function Source({ value: v }: { value: Value }) {
  const [text, color] = sources[v.source]
  const where = v.names?.join(', ') ?? (v.file ? `${v.file}:${v.line}` : '')
  return <Group gap={6} wrap="nowrap"><Badge size="xs" variant="light" color={color}>{t(text)}</Badge>{where && <Plain text={where} mono />}</Group>
}

/** What `hutch check` says. */
export function Findings({ list }: { list: Finding[] }) {
  if (list.length === 0) return <Group gap={6}><IconCircleCheck size={18} color="var(--mantine-primary-color-filled)" /><Text size="sm">{t('settings.noFindings')}</Text></Group>
  return (
    <Stack gap={6} component="ul" m={0} p={0}>
      {list.map((f, i) => (
        <Group key={i} gap={8} wrap="nowrap" align="flex-start" component="li">
          {f.severity === 'error' ? <IconCircleX size={18} color="var(--mantine-color-error)" /> : <IconAlertTriangle size={18} color="var(--mantine-color-yellow-7)" />}
          <div>
            <Text size="sm" component="div"><Plain text={f.message} wrap max={600} /></Text>
            <Text size="xs" c="dimmed" component="div"><Plain text={[f.file + (f.line ? ':' + f.line : ''), f.hint].filter(Boolean).join(' · ')} wrap max={600} /></Text>
          </div>
        </Group>
      ))}
    </Stack>
  )
}

function Reloads({ config: c }: { config: Config }) {
  return (
    <Stack gap="xs">
      <Title order={2}>{t('settings.reloads')}</Title>
      {c.reloads.length === 0 && <Text size="sm" c="dimmed">{t('settings.noReloads')}</Text>}
      {c.reloads.map((r, i) => (
        <Stack key={r.at + i} gap={4}>
          <Group gap="xs">
            <Badge size="sm" variant="light" color={r.ok ? 'hutch' : 'red'}>{r.ok ? t('settings.reloaded') : t('settings.notReloaded')}</Badge>
            <Text size="sm" component="div"><TimeAgo at={r.at} /></Text>
            {r.message && <Text size="sm" c="dimmed" component="div"><Plain text={r.message} wrap max={300} /></Text>}
          </Group>
          {r.findings.length > 0 && <Findings list={r.findings} />}
        </Stack>
      ))}
    </Stack>
  )
}
