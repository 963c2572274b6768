import type { Collection, Query } from '../client.ts'
import type { Column } from '../model/columns.ts'
import type { Rows } from '../model/rows.ts'
import type { Doc } from '../model/values.ts'
import type { Go, Place } from '../place.ts'
import { BulkUpdate } from './BulkUpdate.tsx'
import { Explain } from './Explain.tsx'
import { ExportDialog } from './ExportDialog.tsx'
import { ImportDialog } from './ImportDialog.tsx'
import { Keys } from './Keys.tsx'

interface Props { place: Place; go: Go; q: Query; collection: Collection; schema: Doc | undefined; fields: readonly string[]; columns: readonly Column[]; selected: ReadonlyMap<string, Doc>; rows: Rows; updated: () => void }

/** The panel that the URL names. */
export function Panels({ place, go, q, collection, schema, fields, columns, selected, rows, updated }: Props) {
  const close = () => go({ panel: '' }, { replace: true })
  const closeAll = () => go({ panel: '', as: '' }, { replace: true }) // whose eyes an address of these names is not asked
  switch (place.panel) {
    case 'explain':
      return <Explain q={q} close={close} />
    case 'import':
      return <ImportDialog collection={collection} fields={fields} schema={schema} close={closeAll} done={() => void rows.refresh()} />
    case 'export':
      return <ExportDialog q={q} columns={columns} close={closeAll} />
    case 'keys':
      return <Keys close={close} />
    case 'update':
      return selected.size === 0 ? null : (
        <BulkUpdate
          from={q.from} selected={selected} schema={schema} close={close} done={() => {
            close()
            updated()
            void rows.refresh()
          }}
        />
      )
  }
  return null
}
