import { useEffect, useState } from 'react'
import { Modal } from '../../../parts/Modal.tsx'
import { notify, notifyError } from '../../../parts/notify.tsx'
import { Plain } from '../../../parts/Plain.tsx'
import { t } from '../../../text.ts'
import * as client from '../client.ts'
import { type Doc, idOf, own, type Value } from '../model/values.ts'
import { ConflictView } from './ConflictView.tsx'
import { type Conflict, ConflictError, save } from './editing.ts'

/** The conflict of a cell that was edited in the table. */
export function ConflictModal({ from, conflict: first, done }: { from: string; conflict: Conflict | undefined; done: (d: Doc | undefined) => void }) {
  const [conflict, setConflict] = useState(first)
  useEffect(() => setConflict(first), [first])
  if (!conflict) return null
  const run = async (f: () => Promise<Doc>) => {
    try {
      const d = await f()
      notify(t('data.doc.saved'))
      done(d)
    } catch (e) {
      if (e instanceof ConflictError) setConflict(e.conflict)
      else notifyError(e)
    }
  }
  return (
    <Modal opened size="lg" onClose={() => done(conflict.theirs)} title={<Plain text={idOf(conflict.base)} mono />} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <ConflictView
        conflict={conflict} cancel={() => done(conflict.theirs)} resolve={(mine, theirs) => run(() => save(from, theirs, mine))}
        recreate={mine => run(() => client.createDoc(from, new Map<string, Value>([['_id', idOf(mine)], ...own(mine)])))}
      />
    </Modal>
  )
}
