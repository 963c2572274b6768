import { Button, Group, Text } from '@mantine/core'
import { IconDownload, IconPencil, IconTrash, IconX } from '@tabler/icons-react'
import { t } from '../../../text.ts'
import css from '../data.module.css'
import { saveAs } from '../download.ts'
import type { Doc } from '../model/values.ts'
import { write } from '../model/wire.ts'

/** What can be done with the documents that are selected. */
export function BulkBar({ selected, readOnly, clear, remove, update }: { selected: ReadonlyMap<string, Doc>; readOnly: boolean; clear: () => void; remove: () => void; update: () => void }) {
  return (
    <Group gap="xs" className={css.bulk} role="region" aria-label={t('data.bulk.title')}>
      <Text size="sm" fw={600}>{t('data.bulk.selected', { n: selected.size })}</Text>
      <Button size="compact-sm" variant="default" leftSection={<IconDownload size={14} />} onClick={() => saveAs('selected.jsonl', new Blob([...selected.values()].map(d => write(d) + '\n')))}>{t('data.bulk.export')}</Button>
      {!readOnly && <Button size="compact-sm" variant="default" leftSection={<IconPencil size={14} />} onClick={update}>{t('data.bulk.update')}</Button>}
      {!readOnly && <Button size="compact-sm" variant="light" color="red" leftSection={<IconTrash size={14} />} onClick={remove}>{t('data.bulk.delete')}</Button>}
      <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconX size={14} />} onClick={clear}>{t('data.bulk.clear')}</Button>
    </Group>
  )
}
