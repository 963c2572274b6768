import { Badge, Select, Text, UnstyledButton } from '@mantine/core'
import { IconDatabase, IconFunction, IconVariable } from '@tabler/icons-react'
import { Plain } from '../../parts/Plain.tsx'
import { t } from '../../text.ts'
import type { Finding } from './client.ts'
import type { Item, Section } from './place.ts'
import css from './rules.module.css'

const icons = { collection: IconDatabase, helpers: IconVariable, functions: IconFunction }

interface Props { sections: Section[]; diagnostics: Finding[]; current: string | undefined; choose: (item: Item) => void }

/** Collections, helpers and functions with their rules; on a phone a list to choose from. */
export function Tree({ sections, diagnostics, current, choose }: Props) {
  const found = (i: Item) => diagnostics.filter(d => concerns(d, i)).length
  return (
    <>
      <nav className={css.tree} aria-label={t('rules.all')}>
        {sections.map(s => {
          const Icon = icons[s.kind]
          return (
            <div key={s.kind + s.name}>
              <div className={css.group}><Icon size={13} aria-hidden /> <Plain text={titleOf(s)} /></div>
              {s.items.length === 0 && <Text size="xs" c="dimmed" pl={18}>{t('rules.denied')}</Text>}
              {s.items.map(i => (
                <UnstyledButton key={i.id} className={css.item as string} data-active={i.id === current || undefined} aria-current={i.id === current || undefined} onClick={() => choose(i)}>
                  <Plain text={nameOf(i)} />
                  {found(i) > 0 && <Badge size="xs" color="yellow" variant="light" circle>{found(i)}</Badge>}
                </UnstyledButton>
              ))}
            </div>
          )
        })}
      </nav>
      <Select
        className={css.choose as string} size="xs" aria-label={t('rules.all')} allowDeselect={false} value={current ?? null} onChange={v => {
          const item = sections.flatMap(s => s.items).find(i => i.id === v)
          if (item) choose(item)
        }} searchable
        data={sections.filter(s => s.items.length > 0).map(s => ({ group: titleOf(s), items: s.items.map(i => ({ value: i.id, label: s.kind === 'collection' ? `${s.name}.${nameOf(i)}` : nameOf(i) })) }))}
      />
    </>
  )
}

const titleOf = (s: Section) => s.kind === 'collection' ? s.name : t(s.kind === 'helpers' ? 'rules.helpers' : 'rules.functions')
const nameOf = (i: Item) => i.kind === 'preset' || i.kind === 'default' ? `${t(i.kind === 'preset' ? 'rules.preset' : 'rules.default')} ${i.key}` : i.key

/** Whether something was found in the lines of a rule. */
export function concerns(d: Finding, { rule }: Item): boolean {
  return d.file === rule.file && d.line >= rule.line && d.line < rule.line + rule.text.split('\n').length && (d.line > rule.line || d.column >= rule.column)
}
