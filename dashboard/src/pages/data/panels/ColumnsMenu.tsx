import { ActionIcon, Button, Checkbox, Group, Popover, ScrollArea, Stack, TextInput } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconColumns3 } from '@tabler/icons-react'
import { useState } from 'react'
import { Plain } from '../../../parts/Plain.tsx'
import { t } from '../../../text.ts'
import css from '../data.module.css'
import { type Column, move, toggle } from '../model/columns.ts'

interface Props { fields: readonly string[]; columns: readonly Column[]; change: (c: Column[]) => void; reset: () => void; opened: boolean; open: (o: boolean) => void }

/** Which fields are columns, and in which order. */
export function ColumnsMenu({ fields, columns, change, reset, opened, open }: Props) {
  const [search, setSearch] = useState('')
  const shown = columns.map(c => c.path)
  const rest = fields.filter(f => !shown.includes(f))
  const match = (f: string): boolean => f.toLowerCase().includes(search.toLowerCase())
  return (
    <Popover position="bottom-start" width={280} opened={opened} onChange={open} trapFocus shadow="md">
      <Popover.Target><Button size="xs" variant="default" leftSection={<IconColumns3 size={15} />} onClick={() => open(!opened)}><span className={css.label}>{t('data.columns.title')}</span></Button></Popover.Target>
      <Popover.Dropdown p="xs">
        <Stack gap="xs">
          <TextInput size="xs" value={search} onChange={e => setSearch(e.currentTarget.value)} placeholder={t('data.columns.search')} aria-label={t('data.columns.search')} />
          <ScrollArea.Autosize mah={320}>
            <Stack gap={2}>
              {shown.filter(match).map(f => {
                const i = shown.indexOf(f)
                return (
                  <Group key={f} gap={2} wrap="nowrap" justify="space-between">
                    <Checkbox size="xs" checked disabled={i === 0} onChange={() => change(toggle(columns, f))} label={<Plain text={f} />} />
                    {i > 0 && (
                      <Group gap={0} wrap="nowrap">
                        <ActionIcon size="sm" variant="subtle" color="gray" disabled={i === 1} onClick={() => change(move(columns, i, i - 1))} aria-label={t('data.columns.left', { field: f })}><IconArrowUp size={13} /></ActionIcon>
                        <ActionIcon size="sm" variant="subtle" color="gray" disabled={i === shown.length - 1} onClick={() => change(move(columns, i, i + 1))} aria-label={t('data.columns.right', { field: f })}><IconArrowDown size={13} /></ActionIcon>
                      </Group>
                    )}
                  </Group>
                )
              })}
              {rest.filter(match).map(f => <Checkbox key={f} size="xs" checked={false} onChange={() => change(toggle(columns, f))} label={<Plain text={f} />} />)}
            </Stack>
          </ScrollArea.Autosize>
          <Button size="compact-xs" variant="subtle" color="gray" onClick={reset}>{t('data.columns.reset')}</Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
