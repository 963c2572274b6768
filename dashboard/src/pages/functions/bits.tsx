import { Anchor, Badge, Group, Text } from '@mantine/core'
import { Link } from 'wouter'
import { OperatorName } from '../../parts/operators.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { number, t, word } from '../../text.ts'
import { runsIn, type Caller, type ConsoleLine, type CountsOf, type Run } from './api.ts'
import css from './functions.module.css'

/** How a run ended, in a word. */
export const outcomeText = (outcome: string): string => word(`functions.outcome.${outcome}`, outcome)

export function OutcomeBadge({ of }: { of: Pick<Run, 'outcome' | 'failed'> }) {
  const color = of.outcome === 'ok' ? 'green' : of.failed ? 'red' : 'yellow'
  return <Badge size="sm" radius="sm" variant="light" tt="none" color={color}>{outcomeText(of.outcome)}</Badge>
}

/** How many runs, and of them those that did not go well. */
export function Counted({ of }: { of: CountsOf }) {
  return (
    <Group gap={6} wrap="nowrap">
      <Text size="sm" className="tabular">{number(runsIn(of))}</Text>
      {of.failed > 0 && <Badge size="sm" color="red" variant="light" tt="none">{t('functions.failed', { n: of.failed })}</Badge>}
      {of.refused > 0 && <Badge size="sm" color="yellow" variant="light" tt="none">{t('functions.refused', { n: of.refused })}</Badge>}
    </Group>
  )
}

/** Who called; a user is a link, an operator has a name. */
export function CallerName({ of }: { of: Caller }) {
  if (of.kind === 'operator' && of.uid) return <Text size="sm" component="div" miw={0}><OperatorName id={of.uid} /></Text>
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
