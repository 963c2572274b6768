import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { apiError } from '../../../api/error.ts'
import { notifyError } from '../../../parts/notify.tsx'
import { Plain } from '../../../parts/Plain.tsx'
import { T } from '../../../parts/Text.tsx'
import { t, type Key } from '../../../text.ts'
import { editText, read, reread, ValueError } from '../model/cell.ts'
import { type Kind, kindOf, same, type Value } from '../model/values.ts'
import css from './grid.module.css'

interface Props {
  value: Value | undefined
  /** Of a value that is missing or null. */
  usual: Kind
  choices: Value[]
  mayWiden: boolean
  label: string
  /** Id of a document that is no longer among the rows. */
  gone: string
  left: number
  top: number
  width: number
  save: (v: Value) => Promise<void>
  close: (move?: 'next' | 'back') => void
}

const scalar: Kind[] = ['string', 'int', 'double', 'decimal', 'bool', 'date', 'objectId', 'null']

/** Edits one value in its place: Enter saves, Escape gives up, Tab goes on. The type stays unless chosen. */
export function Editor({ value, usual, choices, mayWiden, label, gone, left, top, width, save, close }: Props) {
  const before: Kind = value === undefined || value === null ? usual : kindOf(value)
  const [kind, setKind] = useState<Kind>(before)
  const [text, setText] = useState(kind === 'bool' && (value === undefined || value === null) ? 'true' : editText(value))
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  const input = useRef<HTMLInputElement & HTMLTextAreaElement & HTMLSelectElement>(null)
  const error = useId()

  useEffect(() => {
    input.current?.focus({ preventScroll: true })
    input.current?.select?.()
  }, [kind])

  const commit = async (then?: 'next' | 'back') => {
    if (busy) return
    let v: Value
    try {
      v = kind === before ? reread(kind, text, mayWiden) : read(kind, text)
    } catch (e) {
      setProblem(e instanceof ValueError ? t(e.key as Key) : String(e))
      return
    }
    if (same(v, value)) return close(then)
    setBusy(true)
    try {
      await save(v)
      close(then)
    } catch (e) {
      if (!input.current) return notifyError(e) // a click elsewhere has closed it
      setProblem(apiError(e).message)
      setBusy(false)
      input.current.focus()
    }
  }
  const onKeyDown = (e: KeyboardEvent) => {
    e.stopPropagation()
    if (e.nativeEvent.isComposing) return // the end of a syllable is no Enter
    if (e.key === 'Escape') {
      e.preventDefault()
      close()
    } else if (e.key === 'Enter' && !e.shiftKey) {
      e.preventDefault()
      void commit()
    } else if (e.key === 'Tab' && e.target === input.current) {
      e.preventDefault()
      void commit(e.shiftKey ? 'back' : 'next')
    }
  }
  const common = { ref: input, className: css.input, value: text, 'aria-label': label, 'aria-invalid': problem !== '', 'aria-describedby': error, readOnly: busy, dir: 'auto' as const }
  const long = kind === 'string' && (text.includes('\n') || text.length > 60) || kind === 'array' || kind === 'object'
  const kinds = scalar.includes(before) ? scalar : [before, ...scalar]
  return (
    <div
      className={css.editor} style={{ left, top, width: Math.max(width, long ? 380 : 260) }} data-bad={problem !== '' || undefined} data-editor onKeyDown={onKeyDown}
      onBlur={e => { if (!busy && problem === '' && !e.currentTarget.contains(e.relatedTarget)) void commit() }}
    >
      {kind === 'null'
        ? <input {...common} value="null" readOnly />
        : kind === 'bool'
          ? <select {...common} onChange={e => setText(e.currentTarget.value)}>{['true', 'false'].map(v => <option key={v}>{v}</option>)}</select>
          : choices.length > 0 && kind === 'string'
            ? <select {...common} onChange={e => setText(e.currentTarget.value)}>{options(choices, text).map(c => <option key={c}>{c}</option>)}</select>
            : long
              ? <textarea {...common} rows={5} onChange={e => setText(e.currentTarget.value)} />
              : <input {...common} inputMode={kind === 'int' || kind === 'double' || kind === 'decimal' ? 'decimal' : 'text'} autoComplete="off" spellCheck={false} onChange={e => setText(e.currentTarget.value)} />}
      <div className={css.error} id={error} role="alert" hidden={problem === ''}><bdi>{problem}</bdi></div>
      {gone !== '' && <div className={css.gone} role="status"><T k="data.edit.gone" values={{ id: <Plain key="id" text={gone} mono /> }} /></div>}
      <div className={css.strip}>
        <select value={kind} aria-label={t('data.type')} onChange={e => { setKind(e.currentTarget.value as Kind); setProblem('') }}>
          {kinds.map(k => <option key={k} value={k}>{t(`data.kind.${k}` as Key)}</option>)}
        </select>
        <span>{kind === 'date' ? t('data.edit.dateHint') : t('data.edit.hint')}</span>
      </div>
    </div>
  )
}

const options = (choices: Value[], text: string): string[] => [...new Set([...choices.filter(c => typeof c === 'string'), text])]
