import { ActionIcon, Badge, Button, Group, Menu, Tooltip } from '@mantine/core'
import { IconBulb, IconDots, IconDownload, IconFilter, IconKeyboard, IconPlus, IconRefresh, IconUpload } from '@tabler/icons-react'
import { t, type Key } from '../../../text.ts'
import type { Collection } from '../client.ts'
import css from '../data.module.css'
import { newDocument } from '../document/DocumentDrawer.tsx'
import type { Live } from '../live.ts'
import type { Column } from '../model/columns.ts'
import { clauses, fromWhere } from '../model/filter.ts'
import type { Go, Place } from '../place.ts'
import { ColumnsMenu } from './ColumnsMenu.tsx'
import { ViewAsMenu } from './ViewAs.tsx'
import { ViewsMenu } from './ViewsMenu.tsx'

interface Props {
  place: Place
  go: Go
  readOnly: boolean
  live: Live['status']
  collection: Collection
  fields: readonly string[]
  columns: readonly Column[]
  setColumns: (c: Column[]) => void
  refresh: () => void
}

/** What can be done with the query on screen. */
export function Toolbar({ place, go, readOnly, live, collection, fields, columns, setColumns, refresh }: Props) {
  const n = place.where ? clauses(fromWhere(place.where)) : 0
  return (
    <Group gap={6} className={css.toolbar} role="toolbar" aria-label={t('data.toolbar')}>
      <Button
        size="xs" variant={n > 0 ? 'light' : 'default'} leftSection={<IconFilter size={15} />} aria-expanded={place.panel === 'filter'}
        onClick={() => go({ panel: place.panel === 'filter' ? '' : 'filter' }, { replace: true })} rightSection={n > 0 && <Badge size="xs" circle={n < 10}>{n}</Badge>}
      ><span className={css.label}>{t('data.filter.title')}</span></Button>
      <ColumnsMenu fields={fields} columns={columns} change={setColumns} reset={() => go({ columns: '' }, { replace: true })} opened={place.panel === 'columns'} open={o => go({ panel: o ? 'columns' : '' }, { replace: true })} />
      <ViewsMenu place={place} go={go} collection={collection.name} />
      <ViewAsMenu place={place} go={go} />
      <span className={css.gap} />
      <Tooltip label={t(`data.live.${live}` as Key)}><span className={css.live} data-live={live} role="img" aria-label={t(`data.live.${live}` as Key)} /></Tooltip>
      <Tooltip label={t('data.refresh')}><ActionIcon variant="subtle" color="gray" onClick={refresh} aria-label={t('data.refresh')}><IconRefresh size={16} /></ActionIcon></Tooltip>
      <Tooltip label={t('data.explain.title')}><ActionIcon variant="subtle" color="gray" onClick={() => go({ panel: 'explain' })} aria-label={t('data.explain.title')}><IconBulb size={17} /></ActionIcon></Tooltip>
      <Menu position="bottom-end">
        <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={t('data.more')}><IconDots size={17} /></ActionIcon></Menu.Target>
        <Menu.Dropdown>
          {!readOnly && <Menu.Item leftSection={<IconUpload size={15} />} onClick={() => go({ panel: 'import' })}>{t('data.import.title')}</Menu.Item>}
          {!readOnly && <Menu.Item leftSection={<IconDownload size={15} />} onClick={() => go({ panel: 'export' })}>{t('data.export.title')}</Menu.Item>}
          <Menu.Item leftSection={<IconKeyboard size={15} />} onClick={() => go({ panel: 'keys' })}>{t('data.keys.title')}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {!readOnly && <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => go({ doc: newDocument })}><span className={css.label}>{t('data.doc.new')}</span></Button>}
    </Group>
  )
}
