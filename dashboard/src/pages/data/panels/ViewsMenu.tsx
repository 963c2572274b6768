import { ActionIcon, Button, Checkbox, Group, Menu, Stack, Text, TextInput } from '@mantine/core'
import { IconBookmark, IconTrash } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { confirm } from '../../../parts/Confirm.tsx'
import { Modal } from '../../../parts/Modal.tsx'
import { notify, notifyError } from '../../../parts/notify.tsx'
import { Plain } from '../../../parts/Plain.tsx'
import { T } from '../../../parts/Text.tsx'
import { t } from '../../../text.ts'
import * as client from '../client.ts'
import css from '../data.module.css'
import { columnsText } from '../model/columns.ts'
import { sortText } from '../model/sort.ts'
import type { Go, Place } from '../place.ts'

/** Queries that were given a name: filter, order and columns. */
export function ViewsMenu({ place, go, collection }: { place: Place; go: Go; collection: string }) {
  const cache = useQueryClient()
  const [naming, setNaming] = useState(false)
  const list = useQuery({ queryKey: ['data', 'views', collection], queryFn: ({ signal }) => client.views(collection, signal), staleTime: 30_000 })
  const views = list.data?.views ?? []
  const current = views.find(v => v.id === place.view)
  const changed = () => cache.invalidateQueries({ queryKey: ['data', 'views', collection] })
  const open = (v: client.SavedView) => go({ where: v.view.where ?? '', sort: v.view.sort ?? '', columns: v.view.cols ?? '', view: v.id })
  const now = { where: place.whereText, sort: sortText(place.sort), cols: place.columns ? columnsText(place.columns) : '' }
  const remove = (v: client.SavedView) => confirm({
    title: t('data.views.removeTitle', { name: v.name }),
    about: v.mine ? t(v.shared ? 'data.views.removeShared' : 'data.views.removeMine') : <T k="data.views.removeTheirs" values={{ owner: <b key="owner"><Plain text={v.owner} /></b> }} />,
    action: t('action.remove'),
    run: async () => {
      await client.deleteView(v.id)
      if (place.view === v.id) go({ view: '' }, { replace: true })
      await changed()
    },
  })
  const save = async (name: string, shared: boolean) => {
    const v = await client.saveView({ collection, name, shared, view: now })
    await changed()
    setNaming(false)
    go({ view: v.id }, { replace: true })
    notify(t('data.views.saved'))
  }
  return (
    <>
      <Menu position="bottom-start" width={260}>
        <Menu.Target>
          <Button size="xs" variant={current ? 'light' : 'default'} leftSection={<IconBookmark size={15} />} maw={220}>{current ? <Plain text={current.name} /> : <span className={css.label}>{t('data.views.title')}</span>}</Button>
        </Menu.Target>
        <Menu.Dropdown>
          {views.length === 0 && <Menu.Label>{t('data.views.none')}</Menu.Label>}
          {views.map(v => (
            <Group key={v.id} gap={0} wrap="nowrap">
              <Menu.Item onClick={() => open(v)} style={{ flex: 1, minWidth: 0 }}>
                <Plain text={v.name} />
                {v.shared && <Text size="xs" c="dimmed" component="div" truncate>{v.mine ? t('data.views.sharedMine') : <T k="data.views.by" values={{ owner: <Plain key="owner" text={v.owner} /> }} />}</Text>}
              </Menu.Item>
              <ActionIcon variant="subtle" color="gray" size="sm" mr={4} onClick={() => remove(v)} aria-label={t('data.views.remove', { name: v.name })}><IconTrash size={13} /></ActionIcon>
            </Group>
          ))}
          <Menu.Divider />
          {current?.mine && <Menu.Item onClick={() => void client.changeView(current.id, { collection, name: current.name, shared: current.shared, view: now }).then(changed).then(() => notify(t('data.views.saved'))).catch(notifyError)}>{t('data.views.update')}</Menu.Item>}
          <Menu.Item onClick={() => setNaming(true)}>{t('data.views.save')}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {naming && <NameDialog save={save} close={() => setNaming(false)} />}
    </>
  )
}

function NameDialog({ save, close }: { save: (name: string, shared: boolean) => Promise<void>; close: () => void }) {
  const [name, setName] = useState('')
  const [shared, setShared] = useState(false)
  const [busy, setBusy] = useState(false)
  return (
    <Modal opened onClose={close} title={t('data.views.save')} size="sm" closeButtonProps={{ 'aria-label': t('action.close') }}>
      <form onSubmit={e => {
        e.preventDefault()
        setBusy(true)
        save(name.trim(), shared).catch(notifyError).finally(() => setBusy(false))
      }}>
        <Stack gap="sm">
          <TextInput label={t('data.views.name')} value={name} onChange={e => setName(e.currentTarget.value)} maxLength={64} data-autofocus required dir="auto" />
          <Checkbox label={t('data.views.shared')} checked={shared} onChange={e => setShared(e.currentTarget.checked)} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>{t('action.cancel')}</Button>
            <Button type="submit" loading={busy} disabled={name.trim() === ''}>{t('action.save')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
