import { useRef, useState } from 'react'
import { notifyError } from '../../../parts/notify.tsx'
import { type Mapped, mapping, type Separator } from '../model/csv.ts'
import { formatOf, lookInto, markOf } from './importing.ts'

/** What is to be imported, and how. */
export interface Chosen { format: 'jsonl' | 'csv'; mode: 'create' | 'set'; separator: Separator; columns: Mapped[] }

const first: Chosen = { format: 'jsonl', mode: 'create', separator: ',', columns: [] }

/** A file that a person chose: its format, and the columns that a table has. */
export function useFile(fields: readonly string[]) {
  const [file, setFile] = useState<File | null>(null)
  const [chosen, setChosen] = useState(first)
  const [mark, setMark] = useState('')
  const looked = useRef(0)
  const chose = useRef(0)

  const look = async (f: File, to: Chosen, separator?: Separator) => {
    const mine = ++looked.current
    setChosen(to)
    if (to.format !== 'csv') return
    const found = await lookInto(f, separator)
    if (mine === looked.current) setChosen(c => ({ ...c, separator: found.separator, columns: mapping(found.rows, fields) }))
  }
  const choose = (f: File | null) => {
    const mine = ++chose.current
    setFile(f)
    setMark('')
    if (!f) return
    void markOf(f).then(m => {
      if (mine === chose.current) setMark(m)
    }).catch(notifyError)
    void look(f, { ...chosen, format: formatOf(f.name), columns: [] }).catch(notifyError)
  }
  const set = (patch: Partial<Chosen>) => {
    const to = { ...chosen, ...patch }
    if (file && (patch.format || patch.separator)) void look(file, to, patch.separator).catch(notifyError)
    else setChosen(to)
  }
  return { file, mark, ...chosen, choose, set }
}
