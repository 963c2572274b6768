import { Anchor, Badge, Text } from '@mantine/core'
import { Link } from 'wouter'
import { Plain } from '../../parts/Plain.tsx'
import { t, word } from '../../text.ts'
import type { Caller, ConsoleLine } from './api.ts'
import css from './functions.module.css'

/** How a run ended, in a word. */
export const outcomeText = (outcome: string): string => word(`functions.outcome.${outcome}`, outcome)

export function OutcomeBadge({ outcome }: { outcome: string }) {
  const color = outcome === 'ok' ? 'green' : outcome === 'threw' || outcome === 'refused' ? 'yellow' : 'red'
  return <Badge size="sm" radius="sm" variant="light" tt="none" color={color}>{outcomeText(outcome)}</Badge>
}

/** Who called; a user is a link. */
export function CallerName({ of }: { of: Caller }) {
  if (of.kind !== 'user' || !of.uid) {
    return <Text size="sm" c="dimmed" component="div" miw={0}>{word(`who.${of.kind}`, of.kind)}{of.kind === 'service' && of.uid && <> <Plain text={of.uid} /></>}</Text>
  }
  return <Anchor component={Link} size="sm" c="inherit" underline="always" miw={0} href={'/users?user=' + encodeURIComponent(of.uid)} aria-label={t('functions.userOf', { id: of.uid })}><Plain text={of.uid} mono /></Anchor>
}

export function Console({ lines }: { lines: ConsoleLine[] }) {
  return (
    <div className={css.lines} role="log" aria-label={t('functions.console')}>
      {lines.map((l, i) => (
        <span key={i} style={{ display: 'contents' }}>
          <span className={css.at}>{l.ms.toFixed(1)}</span>
          <span className={css[l.level]}>{word(`functions.level.${l.level}`, l.level)}</span>
          <span className={css[l.level]}><Plain text={l.text} wrap /></span>
        </span>
      ))}
    </div>
  )
}
