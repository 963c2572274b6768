import { ActionIcon, Autocomplete, NativeSelect, TagsInput, TextInput } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { t, type Key } from '../../../text.ts'
import { read, usualKind, ValueError } from '../model/cell.ts'
import { type Op, operators, ops, type Row } from '../model/filter.ts'
import { says } from '../model/schema.ts'
import { type Doc, type Kind, kinds } from '../model/values.ts'
import css from './filter.module.css'

interface Props { row: Row; fields: readonly string[]; schema: Doc | undefined; docs: readonly Doc[]; change: (r: Row) => void; remove: () => void }

/** One condition: field, operator, and a value of the field's type. */
export function RowEditor({ row, fields, schema, docs, change, remove }: Props) {
  const field = (name: string) => {
    const kind = operators[row.op] === 'value' || operators[row.op] === 'list' ? usualKind(docs, name, says(schema, name).kind) : row.kind
    change({ ...row, field: name, kind, texts: kind === 'bool' && row.kind !== 'bool' ? ['true'] : row.texts })
  }
  const op = (o: Op) => {
    const [from, to] = [operators[row.op], operators[o]]
    if (from === to) return change({ ...row, op: o })
    const kind: Kind = to === 'bool' ? 'bool' : to === 'text' ? 'string' : usualKind(docs, row.field, says(schema, row.field).kind)
    change({ ...row, op: o, kind, texts: to === 'bool' ? ['true'] : from === 'bool' ? [''] : row.texts })
  }
  const takes = operators[row.op]
  return (
    <div className={css.row}>
      <Autocomplete size="xs" className={css.field} value={row.field} data={[...fields]} onChange={field} placeholder={t('data.filter.field')} aria-label={t('data.filter.field')} data-filter-field spellCheck={false} comboboxProps={{ withinPortal: true }} />
      <NativeSelect size="xs" className={css.op} value={row.op} onChange={e => op(e.currentTarget.value as Op)} aria-label={t('data.filter.op')} data={ops.map(o => ({ value: o, label: t(`data.op.${o.slice(1)}` as Key) }))} />
      <Operand row={row} choices={says(schema, row.field).enum.filter(e => typeof e === 'string')} change={change} />
      {(takes === 'value' || takes === 'list') && (
        <NativeSelect size="xs" className={css.kind} value={row.kind} onChange={e => change({ ...row, kind: e.currentTarget.value as Kind, texts: e.currentTarget.value === 'bool' ? ['true'] : row.texts })} aria-label={t('data.type')} data={kinds.map(k => ({ value: k, label: t(`data.kind.${k}` as Key) }))} />
      )}
      <ActionIcon className={css.remove} variant="subtle" color="gray" size="md" aria-label={t('data.filter.remove')} onClick={remove}><IconX size={14} /></ActionIcon>
    </div>
  )
}

function Operand({ row, choices, change }: { row: Row; choices: string[]; change: (r: Row) => void }) {
  const text = row.texts[0] ?? ''
  const label = t('data.filter.value')
  const set = (v: string) => change({ ...row, texts: [v] })
  if (operators[row.op] === 'list') {
    return <TagsInput size="xs" className={css.value} value={row.texts.filter(v => v !== '')} onChange={texts => change({ ...row, texts })} data={choices} aria-label={label} placeholder={row.texts.some(Boolean) ? '' : t('data.filter.values')} error={problem(row)} />
  }
  if (row.kind === 'bool') {
    const words = operators[row.op] === 'bool' ? [t('data.filter.there'), t('data.filter.notThere')] : ['true', 'false']
    return <NativeSelect size="xs" className={css.value} value={text === 'false' ? 'false' : 'true'} onChange={e => set(e.currentTarget.value)} aria-label={label} data={[{ value: 'true', label: words[0] as string }, { value: 'false', label: words[1] as string }]} />
  }
  if (row.kind === 'null') return <TextInput size="xs" className={css.value} value="null" readOnly aria-label={label} />
  if (choices.length > 0 && row.kind === 'string') {
    return <Autocomplete size="xs" className={css.value} value={text} onChange={set} data={choices} aria-label={label} />
  }
  return (
    <TextInput
      size="xs" className={css.value} value={text} onChange={e => set(e.currentTarget.value)} aria-label={label} placeholder={row.kind === 'date' ? '2026-01-31 12:00' : t('data.filter.value')}
      error={text === '' ? undefined : problem(row)} spellCheck={false} dir="auto"
    />
  )
}

function problem(row: Row): string | undefined {
  try {
    for (const text of row.texts.filter(Boolean)) read(row.kind, text)
    return undefined
  } catch (e) {
    return e instanceof ValueError ? t(e.key as Key) : String(e)
  }
}
