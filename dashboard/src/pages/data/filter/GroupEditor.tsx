import { ActionIcon, Button, Checkbox, Code, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { t } from '../../../text.ts'
import { type Group as FilterGroup, type Item, newGroup, newRow, replace } from '../model/filter.ts'
import type { Doc } from '../model/values.ts'
import { write } from '../model/wire.ts'
import css from './filter.module.css'
import { RowEditor } from './RowEditor.tsx'

interface Props {
  group: FilterGroup
  fields: readonly string[]
  schema: Doc | undefined
  docs: readonly Doc[]
  change: (g: FilterGroup) => void
  remove?: () => void
  top?: boolean
}

/** Conditions that all, or any of which, have to hold; groups stand in groups. */
export function GroupEditor({ group, fields, schema, docs, change, remove, top = false }: Props) {
  const put = (i: Item, by: Item | undefined) => change(replace(group, i.key, by))
  const add = (i: Item) => change({ ...group, items: [...group.items, i] })
  const many = group.items.length > 1 || !top || group.not
  return (
    <div className={top ? undefined : css.group} role="group" aria-label={group.join === '$or' ? t('data.filter.any') : t('data.filter.all')}>
      <Stack gap={6}>
        {many && (
          <Group gap="sm">
            <SegmentedControl
              size="xs" value={group.join} onChange={v => change({ ...group, join: v as FilterGroup['join'] })} aria-label={t('data.filter.join')}
              data={[{ value: '$and', label: t('data.filter.all') }, { value: '$or', label: t('data.filter.any') }]}
            />
            <Checkbox size="xs" label={t('data.filter.not')} checked={group.not} onChange={e => change({ ...group, not: e.currentTarget.checked })} />
            {remove && <ActionIcon variant="subtle" color="gray" size="sm" ml="auto" aria-label={t('data.filter.removeGroup')} onClick={remove}><IconX size={14} /></ActionIcon>}
          </Group>
        )}
        {group.items.map(i => {
          if (i.type === 'group') return <GroupEditor key={i.key} group={i} fields={fields} schema={schema} docs={docs} change={g => put(i, g)} remove={() => put(i, undefined)} />
          if (i.type === 'row') return <RowEditor key={i.key} row={i} fields={fields} schema={schema} docs={docs} change={r => put(i, r)} remove={() => put(i, undefined)} />
          return (
            <Group key={i.key} gap="xs" wrap="nowrap">
              <Code className={css.raw}>{write(i.where)}</Code>
              <Text size="xs" c="dimmed">{t('data.filter.rawOnly')}</Text>
              <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t('data.filter.remove')} onClick={() => put(i, undefined)}><IconX size={14} /></ActionIcon>
            </Group>
          )
        })}
        <Group gap={4}>
          <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={13} />} onClick={() => add(newRow())}>{t('data.filter.addRow')}</Button>
          <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={13} />} onClick={() => add(newGroup('$or', [newRow()]))}>{t('data.filter.addGroup')}</Button>
        </Group>
      </Stack>
    </div>
  )
}
