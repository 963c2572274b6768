import { useRef } from 'react'
import { Alert, Paper, SimpleGrid, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { Plain } from '../../parts/Plain.tsx'
import { T } from '../../parts/Text.tsx'
import { bytes, number, t } from '../../text.ts'
import type { Overview } from './client.ts'
import css from './live.module.css'

/** What there is and what happens, in numbers. */
export function Numbers({ now }: { now: Overview }) {
  const rate = useRate(now)
  const here = now.nodes.find(n => n.this)
  return (
    <>
      {now.silent && <Alert color="red" icon={<IconAlertTriangle size={18} />} title={t('live.silent')}>{t('live.silentAbout')}</Alert>}
      <SimpleGrid cols={{ base: 2, xs: 3, md: 6 }} spacing="xs" verticalSpacing="xs" className={css.numbers as string}>
        <Tile label={t('live.connections')} value={number(now.connections)} about={t('live.who', { users: now.users, guests: now.guests })} warn={now.connections > now.limit * 0.9} />
        <Tile label={t('live.subscriptions')} value={number(now.subscriptions)} about={t('live.inGroups', { n: now.groups })} />
        <Tile label={t('live.deliveries')} value={rate === undefined ? '–' : number(rate, { maximumFractionDigits: rate < 10 ? 1 : 0 })} about={t('live.delivered', { n: now.frames })} />
        <Tile label={t('live.slow')} value={number(now.slow)} about={t('live.queued', { size: bytes(now.queuedBytes) })} warn={now.slow > 0} />
        <Tile label={t('live.resets')} value={number(now.resets)} about={t('live.refused', { n: now.refused })} />
        <Tile label={t('live.position')} value={now.position === now.feed ? t('live.current') : t('live.behind')} about={now.position} mono warn={now.position < now.feed} />
      </SimpleGrid>
      {here && (
        <Text size="xs" c="dimmed" component="div">
          <T k="live.node" values={{ host: <Plain key="h" text={here.host || here.id} mono /> }} />
          {now.nodes.length > 1 && <> · <T k="live.otherNodes" values={{ hosts: <Plain key="o" text={now.nodes.filter(n => !n.this).map(n => n.host || n.id).join(', ')} mono /> }} /></>}
        </Text>
      )}
    </>
  )
}

function Tile({ label, value, about, warn = false, mono = false }: { label: string; value: string; about: string; warn?: boolean; mono?: boolean }) {
  return (
    <Paper withBorder px="sm" py={8} radius="md" miw={0} className={css.tile as string} data-warn={warn || undefined}>
      <Text size="xs" c="dimmed" truncate>{label}</Text>
      <Text fz={20} fw={600} lh={1.25} className="tabular" truncate>{value}</Text>
      <Text size="xs" c="dimmed" truncate {...mono && { ff: 'monospace' }} title={about}>{about}</Text>
    </Paper>
  )
}

/** Frames a second between the last two answers of one node. */
function useRate(now: Overview): number | undefined {
  const last = useRef<{ at: number; frames: number; since: string; rate: number | undefined }>(undefined)
  const at = new Date(now.at).getTime()
  const was = last.current
  if (!was || was.since !== now.since) last.current = { at, frames: now.frames, since: now.since, rate: undefined }
  else if (at > was.at) last.current = { at, frames: now.frames, since: now.since, rate: Math.max(0, (now.frames - was.frames) * 1000 / (at - was.at)) }
  return last.current?.rate
}
