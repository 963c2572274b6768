import { defaultChoice, diff3, merged, patchOf } from '../model/diff.ts'
import { type Doc, idOf } from '../model/values.ts'
import * as client from '../client.ts'

/** A document that somebody else changed while it was being edited. */
export interface Conflict { from: string; base: Doc; mine: Doc; theirs: Doc | undefined }
export class ConflictError extends Error {
  readonly conflict: Conflict

  constructor(conflict: Conflict) {
    super('conflict')
    this.conflict = conflict
  }
}

const tries = 3

/**
 * Writes what changed from base to mine. Where somebody else changed other
 * fields meanwhile both stand; where the same ones, ConflictError.
 */
export async function save(from: string, base: Doc, mine: Doc): Promise<Doc> {
  const id = idOf(base)
  let [known, wanted] = [base, mine]
  for (let i = 0; ; i++) {
    const patch = patchOf(known, wanted)
    if (patch.size === 0) return known
    try {
      return await client.patchDoc(from, id, patch, known)
    } catch (e) {
      if (client.isGone(e)) throw new ConflictError({ from, base, mine, theirs: undefined })
      if (!client.isConflict(e)) throw e
      const theirs = await client.getDoc(from, id).catch(gone => {
        if (client.isGone(gone)) return undefined
        throw gone
      })
      const changes = theirs && diff3(base, mine, theirs)
      if (!theirs || !changes || i >= tries || changes.some(c => c.side === 'both')) throw new ConflictError({ from, base, mine, theirs })
      wanted = merged(theirs, changes, defaultChoice)
      known = theirs
    }
  }
}
