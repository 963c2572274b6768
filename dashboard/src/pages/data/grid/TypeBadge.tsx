import type { Kind } from '../model/values.ts'
import { t, type Key } from '../../../text.ts'
import css from './grid.module.css'

const short: Partial<Record<Kind, string>> = { date: 'date', decimal: 'dec', binary: 'bin', objectId: 'oid', array: '[ ]', object: '{ }' }

/** Says what type a value has where its text would not. */
export function TypeBadge({ kind }: { kind: Kind }) {
  return <span className={css.badge} data-kind={kind} title={t(`data.kind.${kind}` as Key)}>{short[kind] ?? kind}</span>
}
