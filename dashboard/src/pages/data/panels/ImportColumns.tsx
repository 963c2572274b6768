import { Autocomplete, NativeSelect, Text } from '@mantine/core'
import { Plain } from '../../../parts/Plain.tsx'
import { t, type Key } from '../../../text.ts'
import { clashes, columnTypes, type Mapped } from '../model/csv.ts'
import { says } from '../model/schema.ts'
import type { Doc } from '../model/values.ts'
import css from './import.module.css'

/** Which field each column of the file becomes, and of which type. */
export function ImportColumns({ list, fields, schema, change }: { list: Mapped[]; fields: readonly string[]; schema: Doc | undefined; change: (list: Mapped[]) => void }) {
  const wrong = clashes(list)
  const set = (i: number, patch: Partial<Mapped>) => change(list.map((m, k) => k === i ? { ...m, ...patch } : m))
  return (
    <div className={css.columns} role="group" aria-label={t('data.import.columns')}>
      {list.map((m, i) => {
        const out = m.type === 'skip'
        const column = m.header === '' ? t('data.import.column', { n: i + 1 }) : m.header
        return (
          <div key={i} className={css.column} data-out={out || undefined}>
            <div className={css.head}>
              <Text size="sm" fw={600} component="div" truncate><Plain text={column} /></Text>
              <Text size="xs" c="dimmed" component="div" truncate>{m.samples.length > 0 ? <Plain text={m.samples.join(' · ')} max={80} /> : t('data.import.blank')}</Text>
            </div>
            <Autocomplete
              size="xs" value={out ? '' : m.field} data={[...fields]} onChange={field => set(i, { field })} disabled={out} aria-label={t('data.import.fieldOf', { column })}
              error={wrong.has(i) ? t(m.field.trim() === '' ? 'data.import.noField' : 'data.import.clash') : undefined} spellCheck={false} comboboxProps={{ withinPortal: true }}
            />
            <NativeSelect
              size="xs" value={m.type} onChange={e => set(i, { type: e.currentTarget.value })} aria-label={t('data.import.typeOf', { column })}
              data={columnTypes.map(type => ({ value: type, label: nameOf(type, m.field, schema) }))}
            />
          </div>
        )
      })}
    </div>
  )
}

function nameOf(type: string, field: string, schema: Doc | undefined): string {
  const kind = says(schema, field.trim()).kind
  switch (type) {
    case 'auto': return kind ? t('data.import.auto', { kind: t(`data.kind.${kind}` as Key) }) : t('data.import.guess')
    case 'number': return t('data.kind.number')
    case 'boolean': return t('data.kind.bool')
    case 'long': return t('data.kind.int')
    case 'json': return 'JSON'
    case 'skip': return t('data.import.skip')
    default: return t(`data.kind.${type}` as Key)
  }
}
