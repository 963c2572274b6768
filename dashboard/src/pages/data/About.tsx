import { Badge, Code, Group, Stack, Table, Text } from '@mantine/core'
import { IconListSearch, IconShieldLock, IconSitemap } from '@tabler/icons-react'
import { Plain } from '../../parts/Plain.tsx'
import { Empty } from '../../parts/states.tsx'
import { bytes, t } from '../../text.ts'
import type { Collection } from './client.ts'
import css from './data.module.css'

/** What the documents have to be like. */
export function SchemaTab({ c }: { c: Collection }) {
  if (!c.schema) return <Empty title="data.schema.none" icon={IconSitemap} about={t('data.schema.noneAbout')} />
  return (
    <Stack gap="xs" className={css.about}>
      {c.schemaFile && <Text size="sm" c="dimmed">{t('data.schema.file')} <Code>{c.schemaFile}</Code></Text>}
      <Code block className={css.code} tabIndex={0}><bdi>{JSON.stringify(c.schema, null, 2)}</bdi></Code>
    </Stack>
  )
}

/** Which queries are fast. */
export function IndexesTab({ c }: { c: Collection }) {
  if (c.indexes.length === 0) return <Empty title="data.indexes.none" icon={IconListSearch} about={t('data.indexes.noneAbout')} />
  return (
    <div className={css.about}>
      <Table withTableBorder highlightOnHover>
        <Table.Thead><Table.Tr><Table.Th>{t('data.indexes.name')}</Table.Th><Table.Th>{t('data.indexes.fields')}</Table.Th><Table.Th>{t('data.indexes.size')}</Table.Th><Table.Th>{t('data.indexes.state')}</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>
          {c.indexes.map(i => (
            <Table.Tr key={i.name}>
              <Table.Td><Plain text={i.name} mono /></Table.Td>
              <Table.Td><Group gap={4}>{i.fields.map(f => <Code key={f.path}>{f.desc ? '−' : ''}{f.path}</Code>)}{i.unique && <Badge size="xs" variant="light" tt="none">{t('data.indexes.unique')}</Badge>}</Group></Table.Td>
              <Table.Td className="tabular">{i.bytes > 0 ? bytes(i.bytes) : '–'}</Table.Td>
              <Table.Td><Badge size="sm" variant="light" tt="none" color={i.ready ? 'teal' : 'yellow'}>{t(i.ready ? 'data.indexes.ready' : 'data.indexes.building')}</Badge></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}

/** Who may do what. */
export function RulesTab({ c }: { c: Collection }) {
  const rules = Object.entries(c.access)
  if (rules.length === 0) return <Empty title="data.rules.none" icon={IconShieldLock} about={t('data.rules.noneAbout')} />
  return (
    <Stack gap="sm" className={css.about}>
      <Table withTableBorder>
        <Table.Thead><Table.Tr><Table.Th w={140}>{t('data.rules.operation')}</Table.Th><Table.Th>{t('data.rules.rule')}</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>{rules.map(([op, rule]) => <Table.Tr key={op}><Table.Td><Code>{op}</Code></Table.Td><Table.Td><Plain text={rule} mono wrap /></Table.Td></Table.Tr>)}</Table.Tbody>
      </Table>
      {Object.entries(c.preset).map(([f, rule]) => <Text size="sm" key={f}>{t('data.rules.preset')} <Code>{f}</Code> = <Plain text={rule} mono wrap /></Text>)}
      {c.immutable.length > 0 && <Text size="sm">{t('data.rules.immutable')} {c.immutable.map(f => <Code key={f} me={4}>{f}</Code>)}</Text>}
      {c.file && <Text size="sm" c="dimmed">{t('data.rules.where')} <Code>{c.file}:{c.line}</Code></Text>}
    </Stack>
  )
}
