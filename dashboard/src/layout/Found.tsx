import { Box, Highlight } from '@mantine/core'
import { Spotlight } from '@mantine/spotlight'
import type { Icon } from '@tabler/icons-react'
import { parts, type Key } from '../text.ts'

/** What a row of the palette is called, in parts: names that a person gave stand apart. */
export type Label = (string | { name: string })[]

export const labelText = (label: Label): string => label.map(p => typeof p === 'string' ? p : p.name).join('')

/** A text of ours with a name in it. */
export const labelled = (key: Key, names: Record<string, string>): Label =>
  parts(key, Object.fromEntries(Object.entries(names).map(([k, name]) => [k, { name }])))

interface Props { icon: Icon; label: Label; description?: string | undefined; query: string }

/** A row of the palette. What was typed stands out; the direction of a name stays inside of it. */
export function Found({ icon: Icon, label, description, query }: Props) {
  const css = Spotlight.classes
  const marked = (text: string) => <Highlight component="span" inherit highlight={query}>{text}</Highlight>
  return (
    <>
      <Box component="span" className={css.actionSection} mod={{ position: 'left', dimmed: true }}><Icon size={18} stroke={1.6} /></Box>
      <span className={css.actionBody}>
        <span className={css.actionLabel}>
          {label.map((p, i) => typeof p === 'string' ? <span key={i}>{marked(p)}</span> : <bdi key={i} className="plain" title={p.name.slice(0, 1000)}>{marked(p.name)}</bdi>)}
        </span>
        {description !== undefined && <span className={css.actionDescription}>{description}</span>}
      </span>
    </>
  )
}
