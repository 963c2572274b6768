import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { type Dispatch, type SetStateAction, useEffect, useRef, useState } from 'react'
import { confirm } from '../../parts/Confirm.tsx'
import { notify, notifyError } from '../../parts/notify.tsx'
import { t } from '../../text.ts'
import * as client from './client.ts'
import { type Conflict, ConflictError, save } from './document/editing.ts'
import { commitAll, deletes, recreates, type Report, type Undoable, UndoStack } from './model/commits.ts'
import type { Rows } from './model/rows.ts'
import { type Doc, idOf, type Value } from './model/values.ts'
import type { Go } from './place.ts'

const mayUndo = 15_000 // milliseconds that the toast stays
const countLag = 3000 // milliseconds
const manyAtOnce = 20 // more are asked about first

interface Table {
  selected: ReadonlyMap<string, Doc>
  setSelected: Dispatch<SetStateAction<ReadonlyMap<string, Doc>>>
  /** Of the document beside the table. */
  openId: string
  go: Go
}

/** Writes to the rows on screen: cells, deletes that can be taken back. */
export function useActs(from: string, rows: Rows, { selected, setSelected, openId, go }: Table) {
  const [conflict, setConflict] = useState<Conflict>()
  const stack = useRef(new UndoStack())
  const cache = useQueryClient()
  const current = useRef(rows)
  useEffect(() => {
    current.current = rows
  }, [rows])
  const counted = () => { // a collection's count is some seconds behind its documents
    void cache.invalidateQueries({ queryKey: ['data', 'collections'] })
    setTimeout(() => void cache.invalidateQueries({ queryKey: ['data', 'collections'] }), countLag)
  }

  const saveCell = async (doc: Doc, path: string, v: Value) => {
    const mine = new Map([...doc, [path, v] as [string, Value]])
    try {
      rows.replace(await save(from, doc, mine))
    } catch (e) {
      if (!(e instanceof ConflictError)) throw e
      setConflict(e.conflict)
    }
  }

  const restore = async (u: Undoable) => {
    if (!stack.current.take(u)) return
    const { from: name, docs } = u
    const report = await commitAll(recreates(name, docs), client.commit, client.refusal, () => {})
    const answered = new Set([...report.done, ...report.failed.map(f => f.id)])
    const left = report.stopped === undefined ? [] : docs.filter(d => !answered.has(idOf(d)))
    if (left.length > 0) offer(left, name, t('data.undo.left', { n: left.length }))
    if (report.failed.length > 0 || report.stopped !== undefined) notifyError(new Error(t('data.undo.failed', { n: docs.length - report.done.length, reason: report.stopped ?? report.failed[0]?.message ?? '' })))
    else notify(t('data.undo.done', { n: report.done.length }))
    void current.current.refresh()
    counted()
  }

  /** What can be brought back, by the toast as long as it stays, and by the keyboard. */
  const offer = (docs: Doc[], name: string, message: string) => {
    const u: Undoable = { from: name, docs, gone: () => notifications.hide(id) }
    stack.current.push(u)
    const id = notifications.show({
      autoClose: mayUndo, color: 'hutch', closeButtonProps: { 'aria-label': t('action.close') },
      message: (
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm">{message}</Text>
          <Button size="compact-sm" variant="light" onClick={() => void restore(u)}>{t('data.undo')}</Button>
        </Group>
      ),
    })
  }

  const run = async (docs: Doc[]) => {
    const report = await commitAll(deletes(from, docs), client.commit, client.refusal, () => {})
    const done = new Set(report.done)
    const deleted = docs.filter(d => done.has(idOf(d)))
    if (deleted.length > 0) {
      if (done.has(openId)) go({ doc: '' }, { replace: true, anyway: true })
      offer(deleted, from, t('data.deleted', { n: deleted.length }))
    }
    await current.current.refresh()
    const failed = (code: string) => report.failed.filter(f => f.code === code).map(f => f.id)
    const [changed, missing] = [failed('failed_precondition'), failed('not_found')]
    const fresh = await newest(from, changed.filter(id => selected.has(id)), current.current)
    for (const id of missing) done.add(id)
    setSelected(old => new Map([...old].filter(([id]) => !done.has(id)).map(([id, d]) => [id, fresh.get(id) ?? d])))
    if (changed.length > 0) notifyError(new Error(t('data.delete.changed', { n: changed.length, id: changed[0] as string })))
    if (missing.length > 0) notify(t('data.delete.gone', { n: missing.length }))
    tell({ ...report, failed: report.failed.filter(f => !changed.includes(f.id) && !missing.includes(f.id)) })
    counted()
  }

  const remove = (docs: Doc[]) => {
    if (docs.length === 0) return
    if (docs.length <= manyAtOnce) void run(docs).catch(notifyError)
    else confirm({ title: t('data.deleteMany', { n: docs.length }), about: t('data.deleteManyAbout', { name: from }), name: from, action: t('data.doc.delete'), run: () => run(docs) })
  }

  const undo = async () => {
    const last = stack.current.last()
    if (!last) return notify(t('data.undo.nothing'))
    await restore(last)
  }

  const resolved = (d: Doc | undefined) => {
    setConflict(undefined)
    if (d) rows.replace(d)
    else void rows.refresh()
  }
  /** Documents as they are on screen now. */
  const seen = (docs: Doc[]): Doc[] => {
    const loaded = byId(rows)
    return docs.map(d => loaded.get(idOf(d)) ?? d)
  }
  return { save: saveCell, remove, seen, undo, conflict, resolved }
}

const byId = (rows: Rows): Map<string, Doc> => new Map(rows.loaded().map(d => [idOf(d), d]))

/** What documents have become, for those that are still there. */
async function newest(from: string, ids: string[], rows: Rows): Promise<Map<string, Doc>> {
  const loaded = byId(rows)
  const found = await Promise.all(ids.map(async id => loaded.get(id) ?? await client.getDoc(from, id).catch(() => undefined)))
  return new Map(found.flatMap(d => d ? [[idOf(d), d]] : []))
}

/** Says what a commit of many could not do. */
export function tell(report: Report): void {
  const first = report.failed[0]
  if (report.stopped) notifyError(new Error(report.stopped))
  else if (first) notifyError(new Error(t('data.bulk.failed', { n: report.failed.length, id: first.id, reason: first.message })))
}
