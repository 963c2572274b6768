import { Alert, Button, Center } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconLock } from '@tabler/icons-react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { apiError } from '../../api/error.ts'
import { Empty, Failed, Loading } from '../../parts/states.tsx'
import { t } from '../../text.ts'
import { useActs } from './acts.tsx'
import { BulkBar } from './panels/BulkBar.tsx'
import type { Collection } from './client.ts'
import css from './data.module.css'
import { DocumentDrawer, newDocument } from './document/DocumentDrawer.tsx'
import { ConflictModal } from './document/ConflictModal.tsx'
import { FilterPanel, focusFilter } from './filter/FilterPanel.tsx'
import { Grid } from './grid/Grid.tsx'
import { SpanStore, useRest } from './grid/span.ts'
import { useLive } from './live.ts'
import { columnsText, move } from './model/columns.ts'
import { schemaOf } from './model/schema.ts'
import { clicked, sortText } from './model/sort.ts'
import { type Doc, idOf } from './model/values.ts'
import { useOffer } from './panels/offer.ts'
import { Panels } from './panels/Panels.tsx'
import { Toolbar } from './panels/Toolbar.tsx'
import { ViewAsBanner } from './panels/ViewAs.tsx'
import type { Go, Place } from './place.ts'
import { useRows } from './rows.ts'
import { Status } from './Status.tsx'
import { useColumns } from './useColumns.ts'

const dialogs = ['explain', 'import', 'export', 'keys', 'update']

/** The documents of a collection: query, table, and what can be done with them. */
export function Documents({ collection, place, go }: { collection: Collection; place: Place; go: Go }) {
  const from = collection.name
  const readOnly = place.as !== ''
  const schema = useMemo(() => schemaOf(collection.schema), [collection.schema])
  const q = { from, where: place.where ?? new Map(), sort: place.sort, as: place.as }
  const { rows, view, count } = useRows(q, { count: collection.count, exact: collection.countExact })
  const [at] = useState(() => new SpanStore())
  const rest = useRest(at, 300)
  const live = useLive(q, rows, rest.first, rest.last, !readOnly && place.where !== undefined)
  const [selected, setSelected] = useState<ReadonlyMap<string, Doc>>(new Map())
  const filtering = place.panel === 'filter'
  const shut = useRef(!filtering) // so that it is opened by hand
  useEffect(() => {
    if (!filtering) shut.current = true
  }, [filtering])
  const cols = useColumns(place, schema, rows, view.generation)
  const acts = useActs(from, rows, { selected, setSelected, openId: place.doc, go })

  const busy = place.doc !== '' || dialogs.includes(place.panel) // a dialog has the keyboard
  const unlessBusy = (f: () => void) => () => { if (!busy) f() }
  useHotkeys([
    ['n', unlessBusy(() => { if (!readOnly) go({ doc: newDocument }) })],
    ['/', unlessBusy(() => {
      go({ panel: 'filter' }, { replace: true })
      focusFilter()
    })],
    ['e', unlessBusy(() => go({ panel: 'explain' }))],
    ['c', unlessBusy(() => go({ panel: 'columns' }, { replace: true }))],
    ['r', unlessBusy(() => void rows.refresh())],
    ['mod+z', unlessBusy(() => { if (!readOnly) void acts.undo() })],
    ['?', unlessBusy(() => go({ panel: 'keys' }))],
    ['shift+?', unlessBusy(() => go({ panel: 'keys' }))],
  ])

  useOffer(go, readOnly, useCallback(() => void rows.refresh(), [rows]))

  const select = (docs: Doc[], on: boolean) => setSelected(old => {
    const next = new Map(old)
    for (const d of docs) {
      if (on) next.set(idOf(d), d)
      else next.delete(idOf(d))
    }
    return next
  })
  const filtered = place.whereText !== ''
  const refused = readOnly && ['permission_denied', 'unauthenticated'].includes(apiError(view.error).code)
  const empty = view.ended && view.total === 0 && view.error === undefined
  return (
    <div className={css.documents}>
      {readOnly && <ViewAsBanner as={place.as} end={() => go({ as: '' })} />}
      <Toolbar place={place} go={go} readOnly={readOnly} live={live.status} fields={cols.fields} columns={cols.columns} collection={collection} setColumns={c => go({ columns: columnsText(c) }, { replace: true })} refresh={() => void rows.refresh()} />
      {filtering && (
        <FilterPanel
          key={'filter ' + from} whereText={place.whereText} where={place.where} fields={cols.fields} schema={schema} docs={rows.loaded().slice(0, 200)} focus={shut.current}
          apply={where => go({ where, view: '' })} close={() => go({ panel: '' }, { replace: true })}
        />
      )}
      {place.where === undefined && <Alert color="red" role="alert">{t('data.filter.broken')}</Alert>}
      {selected.size > 0 && <BulkBar selected={selected} readOnly={readOnly} clear={() => setSelected(new Map())} remove={() => acts.remove(acts.seen([...selected.values()]))} update={() => go({ panel: 'update' })} />}
      {view.error !== undefined && (rows.loaded().length === 0 || readOnly)
        ? refused ? <Empty title="data.empty.refused" icon={IconLock} about={t('data.empty.refusedAbout')} /> : (
            <>
              <Failed error={view.error} retry={() => rows.retry()} />
              {apiError(view.error).code === 'resource_exhausted' && <Center><Button size="xs" variant="light" onClick={() => go({ panel: 'explain' })}>{t('data.explain.title')}</Button></Center>}
            </>
          )
        : view.loading && view.generation < 2 && view.total === 0
          ? <Loading />
          : empty
            ? <Empty title={filtered ? 'data.empty.filtered' : readOnly ? 'data.empty.as' : 'data.empty.title'} about={filtered ? t('data.empty.filteredAbout') : readOnly ? t('data.empty.asAbout') : t('data.empty.about')} />
            : (
                <Grid
                  key={'grid ' + from} label={t('data.table', { name: from })} rows={rows} view={view} columns={cols.columns} widths={cols.widths} kinds={cols.kinds} sort={place.sort} schema={schema} readOnly={readOnly} selected={selected}
                  openId={place.doc} flash={live.flash} onSelect={select} onOpen={doc => go({ doc })} onSave={acts.save} onDelete={docs => acts.remove(acts.seen(docs))}
                  onSort={(path, add) => go({ sort: sortText(clicked(place.sort, path, add)), view: '' })}
                  onResize={(i, w, done) => cols.resize(i, w, done ? c => go({ columns: columnsText(c) }, { replace: true }) : undefined)}
                  onMove={(a, b) => go({ columns: columnsText(move(cols.columns, a, b)) }, { replace: true })}
                  onWindow={at.set}
                />
              )}
      <Status view={view} some={!readOnly && rows.loaded().length > 0} counted={count !== undefined} at={at} retry={() => rows.retry()} />
      {place.doc !== '' && (
        <DocumentDrawer
          key={'doc ' + from + place.as + place.doc} collection={from} id={place.doc} as={place.as} schema={schema} current={rows.find(place.doc)?.doc} open={doc => go({ doc })} close={() => go({ doc: '' })}
          saved={(d, created) => {
            rows.replace(d)
            if (!created) return
            go({ doc: idOf(d) }, { replace: true, anyway: true })
            void rows.refresh()
          }}
          remove={d => acts.remove([d])}
        />
      )}
      <ConflictModal from={from} conflict={acts.conflict} done={acts.resolved} />
      <Panels place={place} go={go} q={q} collection={collection} schema={schema} fields={cols.fields} columns={cols.columns} selected={selected} rows={rows} updated={() => setSelected(new Map())} />
    </div>
  )
}
