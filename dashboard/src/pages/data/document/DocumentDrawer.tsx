import { ActionIcon, Alert, Button, CopyButton, Group, Menu, Text, Tooltip } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconCheck, IconCopy, IconDots, IconFiles, IconTrash } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import { apiError } from '../../../api/error.ts'
import { CodeEdit, CodeView } from '../../../parts/Code.tsx'
import { Drawer } from '../../../parts/Drawer.tsx'
import { notify } from '../../../parts/notify.tsx'
import { Plain } from '../../../parts/Plain.tsx'
import { Failed, Loading } from '../../../parts/states.tsx'
import { TimeAgo } from '../../../parts/TimeAgo.tsx'
import { useUnsaved } from '../../../parts/useUnsaved.ts'
import { t, useLanguage } from '../../../text.ts'
import * as client from '../client.ts'
import { blank } from '../model/schema.ts'
import { type Doc, idOf, own, Tagged, versionOf } from '../model/values.ts'
import { parseDoc, write } from '../model/wire.ts'
import { sameDoc } from '../place.ts'
import { completeDoc } from './complete.ts'
import { ConflictView } from './ConflictView.tsx'
import css from './document.module.css'
import { type Conflict, ConflictError, save } from './editing.ts'
import { lintDoc } from './lint.ts'

export const newDocument = '+'

interface Props {
  collection: string
  /** Of the open document; `+` for a new one, `+id` for a copy. */
  id: string
  as: string
  schema: Doc | undefined
  /** The row on screen, which live updates keep current. */
  current: Doc | undefined
  open: (id: string) => void
  close: () => void
  saved: (d: Doc, created: boolean) => void
  remove: (d: Doc) => void
}

/** One document as JSON, beside the table. */
export function DocumentDrawer(p: Props) {
  const narrow = useMediaQuery('(max-width: 48em)')
  const fresh = p.id.startsWith(newDocument)
  const source = fresh ? p.id.slice(1) : p.id
  const found = useQuery({ queryKey: ['data', 'doc', p.collection, source, p.as], queryFn: ({ signal }) => client.getDoc(p.collection, source, p.as, signal), enabled: source !== '', staleTime: Infinity, gcTime: 0 }) // read once: live changes tell what is newer
  return (
    <Drawer
      opened onClose={p.close} position="right" size={narrow ? '100%' : 640} overlayProps={{ backgroundOpacity: 0.15 }} lockScroll={false} classNames={{ content: css.content as string, body: css.body as string }}
      title={<Title id={source} fresh={fresh} />} closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      {source !== '' && found.isPending ? <Loading /> : found.isLoadingError ? <Failed error={found.error} retry={found.refetch} /> : (
        <Body key={p.id} {...p} fresh={fresh} base={fresh ? (found.data ? own(found.data) : blank(p.schema)) : found.data as Doc} />
      )}
    </Drawer>
  )
}

function Title({ id, fresh }: { id: string; fresh: boolean }) {
  if (fresh) return <Text fw={600} tabIndex={-1} data-autofocus className={css.title as string}>{id === '' ? t('data.doc.new') : t('data.doc.copy')}</Text>
  return (
    <Group gap={4} wrap="nowrap">
      <Text fw={600} component="div" miw={0} tabIndex={-1} data-autofocus className={css.title as string}><Plain text={id} mono /></Text>
      <CopyButton value={id}>
        {({ copied, copy }) => <ActionIcon variant="subtle" color="gray" size="sm" onClick={copy} aria-label={t('data.doc.copyId')}>{copied ? <IconCheck size={14} /> : <IconCopy size={14} />}</ActionIcon>}
      </CopyButton>
    </Group>
  )
}

function Body({ collection, as, schema, base: first, current, fresh, open, close, saved, remove }: Props & { base: Doc; fresh: boolean }) {
  const cache = useQueryClient()
  const [stored, setStored] = useState(first)
  const [base, setBase] = useState(first) // what the text began as
  const [text, setText] = useState(() => write(own(first), 2))
  const typed = useRef(text)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const [conflict, setConflict] = useState<Conflict & { sent: string }>()
  const readOnly = as !== ''
  const language = useLanguage()
  const changed = useMemo(() => text !== write(own(base), 2), [text, base])
  const dirty = fresh || changed
  useUnsaved(changed && !readOnly, sameDoc)
  const marks = useMemo(() => lintDoc(text, schema), [text, schema, language])
  const readable = isReadable(text)
  const newer = !fresh && current && versionOf(current) > versionOf(base) ? current : undefined

  const type = (to: string) => setText(typed.current = to)
  /** Shows what is stored since `sent` was the text; what was typed since is kept, as a change of what was sent. */
  const show = (d: Doc, sent = text) => {
    setStored(d)
    const kept = typed.current !== sent
    setBase(kept ? withFields(d, parseDoc(sent)) : d)
    if (!kept) type(write(own(d), 2))
    setConflict(undefined)
    setError(undefined)
    cache.setQueryData(['data', 'doc', collection, idOf(d), as], d)
  }
  useEffect(() => { // nothing was typed: what somebody else wrote is simply shown
    if (newer && !dirty) show(newer)
  }, [newer, dirty])

  const run = async (f: () => Promise<void>) => {
    setBusy(true)
    setError(undefined)
    try {
      await f()
    } catch (e) {
      if (e instanceof ConflictError) setConflict({ ...e.conflict, sent: conflict?.sent ?? text })
      else setError(e)
    } finally {
      setBusy(false)
    }
  }
  const store = () => run(async () => {
    const sent = parseDoc(text)
    if (fresh) {
      const d = await client.createDoc(collection, sent)
      notify(t('data.doc.created'))
      saved(d, true)
      return
    }
    const d = await save(collection, base, withFields(base, sent))
    show(d)
    saved(d, false)
    notify(t('data.doc.saved'))
  })
  const submit = () => {
    if (dirty && readable && !busy) void store()
  }
  if (conflict) {
    return (
      <ConflictView
        conflict={conflict} cancel={() => conflict.theirs ? setConflict(undefined) : close()}
        resolve={(mine, theirs) => run(async () => {
          const d = await save(collection, theirs, mine)
          show(d, conflict.sent)
          saved(d, false)
          notify(t('data.doc.saved'))
        })}
        recreate={mine => run(async () => {
          const d = await client.createDoc(collection, new Map([['_id', idOf(base)], ...own(mine)]))
          show(d, conflict.sent)
          saved(d, true)
        })}
      />
    )
  }
  return (
    <div className={css.drawer}>
      {!fresh && (
        <Group gap="2px 16px" fz="xs" c="dimmed">
          <span>{t('data.doc.version')} <code>{versionOf(base)}</code></span>
          <Stamp label={t('data.doc.createdAt')} d={base} field="_createdAt" />
          <Stamp label={t('data.doc.updatedAt')} d={base} field="_updatedAt" />
        </Group>
      )}
      {newer && dirty && (
        <Alert color="yellow" p="xs" role="alert">
          <Group justify="space-between" gap="xs">
            <Text size="sm">{t('data.doc.changed')}</Text>
            <Button
              size="compact-xs" variant="default" disabled={!readable}
              onClick={() => setConflict({ sent: text, from: collection, base, mine: withFields(base, parseDoc(text)), theirs: newer })}
            >{t('data.doc.showDiff')}</Button>
          </Group>
        </Alert>
      )}
      <div className={css.editor} inert={fresh && busy}>
        {readOnly
          ? <CodeView language="json" height="fill" wrap value={text} label={t('data.doc.json')} />
          : <CodeEdit language="json" height="fill" wrap value={text} label={t('data.doc.json')} autoFocus={fresh} problems={marks} onChange={type} onSubmit={submit} onSave={submit} completeAt={c => completeDoc(c, schema)} />}
      </div>
      {marks.length > 0 && <ul className={css.problems} aria-label={t('data.doc.problems')}>{marks.slice(0, 20).map(m => <li key={m.from + m.message}><Plain text={m.message} wrap /></li>)}</ul>}
      {error !== undefined && <Alert color="red" p="xs" role="alert"><Plain text={[apiError(error).field, apiError(error).message, apiError(error).hint].filter(Boolean).join(' · ')} wrap /></Alert>}
      {!readOnly && (
        <Group justify="space-between" gap="xs">
          {fresh ? <Text size="xs" c="dimmed">{t('data.doc.idHint')}</Text> : <Actions doc={stored} collection={collection} open={open} remove={remove} />}
          <Group gap="xs">
            <Button variant="default" onClick={close}>{changed && !readOnly ? t('data.doc.discard') : t('action.close')}</Button>
            <Tooltip label={t('data.doc.saveHint')}><Button onClick={() => void store()} loading={busy} disabled={!dirty || !readable}>{fresh ? t('data.doc.create') : t('action.save')}</Button></Tooltip>
          </Group>
        </Group>
      )}
    </div>
  )
}

/** The document with these fields for its own. */
const withFields = (d: Doc, of: Doc): Doc => new Map([...d].filter(([k]) => k.startsWith('_')).concat([...own(of)]))

function isReadable(text: string): boolean {
  try {
    parseDoc(text)
    return true
  } catch {
    return false
  }
}

function Actions({ doc, open, remove }: { doc: Doc; collection: string; open: (id: string) => void; remove: (d: Doc) => void }) {
  return (
    <Menu position="top-start">
      <Menu.Target><ActionIcon variant="default" size="lg" aria-label={t('data.doc.more')}><IconDots size={18} /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconFiles size={15} />} onClick={() => open(newDocument + idOf(doc))}>{t('data.doc.duplicate')}</Menu.Item>
        <CopyButton value={write(doc, 2)}>
          {({ copied, copy }) => <Menu.Item leftSection={<IconCopy size={15} />} closeMenuOnClick={false} onClick={copy}>{copied ? t('action.copied') : t('data.doc.copyJson')}</Menu.Item>}
        </CopyButton>
        <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={() => remove(doc)}>{t('data.doc.delete')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

function Stamp({ label, d, field }: { label: string; d: Doc; field: string }) {
  const v = d.get(field)
  return v instanceof Tagged ? <span>{label} <TimeAgo at={v.text} /></span> : null
}
