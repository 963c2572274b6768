import { Alert, Badge, Button, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { IconGitMerge } from '@tabler/icons-react'
import { useState } from 'react'
import { Plain } from '../../../parts/Plain.tsx'
import { t, type Key } from '../../../text.ts'
import { type Change, defaultChoice, diff3, merged } from '../model/diff.ts'
import type { Doc, Value } from '../model/values.ts'
import { write } from '../model/wire.ts'
import css from './document.module.css'
import type { Conflict } from './editing.ts'

interface Props {
  conflict: Conflict
  /** Mine as it shall be, and the version it replaces. */
  resolve: (mine: Doc, theirs: Doc) => Promise<void>
  recreate: (mine: Doc) => Promise<void>
  cancel: () => void
}

/** Field by field what both made of a document, with a choice for each. */
export function ConflictView({ conflict, resolve, recreate, cancel }: Props) {
  const { base, mine, theirs } = conflict
  const [chosen, setChosen] = useState<Record<string, 'mine' | 'theirs'>>({})
  const [busy, setBusy] = useState(false)
  const run = (f: () => Promise<void>) => {
    setBusy(true)
    void f().finally(() => setBusy(false))
  }
  if (!theirs) {
    return (
      <Stack gap="sm">
        <Alert color="yellow" icon={<IconGitMerge size={18} />} title={t('data.conflict.gone')} role="alert">{t('data.conflict.goneAbout')}</Alert>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={cancel}>{t('data.conflict.discard')}</Button>
          <Button loading={busy} onClick={() => run(() => recreate(mine))}>{t('data.conflict.recreate')}</Button>
        </Group>
      </Stack>
    )
  }
  const changes = diff3(base, mine, theirs)
  const choice = (c: Change) => chosen[c.path] ?? defaultChoice(c)
  const all = (side: 'mine' | 'theirs') => setChosen(Object.fromEntries(changes.map(c => [c.path, side])))
  return (
    <Stack gap="sm" className={css.conflict}>
      <Alert color="yellow" icon={<IconGitMerge size={18} />} title={t('data.conflict.title')} role="alert">{t('data.conflict.about')}</Alert>
      <Group gap="xs">
        <Button size="compact-xs" variant="default" onClick={() => all('mine')}>{t('data.conflict.allMine')}</Button>
        <Button size="compact-xs" variant="default" onClick={() => all('theirs')}>{t('data.conflict.allTheirs')}</Button>
      </Group>
      <div className={css.changes}>
        {changes.map(c => (
          <section key={c.path} className={css.change} aria-label={c.path}>
            <Group gap="xs" justify="space-between" wrap="nowrap">
              <Text size="sm" fw={600} component="span" miw={0}><Plain text={c.path} mono /></Text>
              <Badge size="xs" variant="light" color={c.side === 'both' ? 'red' : 'gray'} tt="none">{t(`data.conflict.side.${c.side}` as Key)}</Badge>
            </Group>
            <div className={css.values}>
              <Side label={t('data.conflict.base')} value={c.base} />
              <Side label={t('data.conflict.mine')} value={c.mine} on={choice(c) === 'mine'} />
              <Side label={t('data.conflict.theirs')} value={c.theirs} on={choice(c) === 'theirs'} />
            </div>
            {c.side !== 'agree' && (
              <SegmentedControl
                size="xs" value={choice(c)} onChange={v => setChosen({ ...chosen, [c.path]: v as 'mine' | 'theirs' })} aria-label={t('data.conflict.take', { field: c.path })}
                data={[{ value: 'mine', label: t('data.conflict.takeMine') }, { value: 'theirs', label: t('data.conflict.takeTheirs') }]}
              />
            )}
          </section>
        ))}
      </div>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={cancel}>{t('action.cancel')}</Button>
        <Button loading={busy} onClick={() => run(() => resolve(merged(theirs, changes, choice), theirs))}>{t('data.conflict.save')}</Button>
      </Group>
    </Stack>
  )
}

function Side({ label, value, on = false }: { label: string; value: Value | undefined; on?: boolean }) {
  return (
    <div className={css.side} data-on={on || undefined}>
      <Text size="xs" c="dimmed">{label}</Text>
      <code>{value === undefined ? <i>{t('data.missing')}</i> : <Plain text={write(value, 2)} wrap max={2000} />}</code>
    </div>
  )
}
