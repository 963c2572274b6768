import type { ReactNode } from 'react'
import { Alert, Anchor, Badge, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { CodeView } from '../../parts/Code.tsx'
import { Drawer } from '../../parts/Drawer.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Failed, Loading } from '../../parts/states.tsx'
import { dateTime, span, t, word } from '../../text.ts'
import { runOf, type Run } from './api.ts'
import { CallerName, Console, OutcomeBadge, outcomeText } from './bits.tsx'
import css from './functions.module.css'

/** A run in full; which is its id and, after a space, its time. */
export function RunDrawer({ which, close }: { which: string; close: () => void }) {
  const [id = '', at = ''] = which.split(' ')
  const run = useQuery({ queryKey: ['functions', 'run', id, at], queryFn: ({ signal }) => runOf(id, at, signal), enabled: id !== '' })
  return (
    <Drawer opened={id !== ''} onClose={close} position="right" size="lg" title={<Text fw={600}>{t('functions.run')}</Text>} closeButtonProps={{ 'aria-label': t('action.close') }}>
      {run.isLoadingError ? <Failed error={run.error} retry={run.refetch} /> : run.data ? <RunFacts run={run.data} /> : <Loading />}
    </Drawer>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return <Stack gap={6}><Title order={3}>{title}</Title>{children}</Stack>
}

export function RunFacts({ run }: { run: Run }) {
  const fact = (name: string, value: ReactNode) => <div><Text size="xs" c="dimmed">{name}</Text><Text size="sm" component="div" className="tabular">{value}</Text></div>
  return (
    <Stack gap="lg">
      <Group gap="xs">
        <OutcomeBadge of={run} />
        <Anchor component={Link} size="sm" href={'/functions?fn=' + encodeURIComponent(run.function)}><Plain text={run.function} /></Anchor>
        {run.cold && <Badge size="sm" variant="light" tt="none" color="blue">{t('functions.cold')}</Badge>}
        {run.status && <Badge size="sm" variant="default">{run.status}</Badge>}
      </Group>
      {run.error && (
        <Alert color={run.failed ? 'red' : 'yellow'} title={run.code ?? outcomeText(run.outcome)}>
          <Plain text={run.error} wrap max={2100} />
        </Alert>
      )}
      {run.stack && <Part title={t('functions.stack')}><pre className={css.stack} tabIndex={0} aria-label={t('functions.stack')}><bdi>{run.stack}</bdi></pre></Part>}
      <SimpleGrid cols={{ base: 2, sm: 3 }} spacing="sm" verticalSpacing="sm">
        {fact(t('functions.at'), dateTime(run.at))}
        {fact(t('functions.took'), span(run.ms))}
        {fact(t('functions.trigger'), word(`functions.trigger.${run.trigger}`, run.trigger))}
        {fact(t('functions.caller'), <CallerName of={run.caller} />)}
        {run.caller.actor && fact(t('functions.actor'), <Plain text={run.caller.actor} mono />)}
        {run.requestId && fact(t('functions.request'), <Anchor component={Link} size="sm" href={'/logs?request=' + encodeURIComponent(run.requestId)}><Plain text={run.requestId} mono /></Anchor>)}
        {run.parent && fact(t('functions.parent'), <Anchor component={Link} size="sm" href={'/functions?' + new URLSearchParams({ fn: run.parentFn ?? run.function, run: run.parent }).toString()}>{run.parentFn && <><Plain text={run.parentFn} /> · </>}<Plain text={run.parent} mono /></Anchor>)}
        {run.attempt > 1 && fact(t('functions.attempt'), run.attempt)}
        {run.reruns && fact(t('functions.reruns'), run.reruns)}
        {run.node && fact(t('functions.node'), <Plain text={run.node} mono />)}
      </SimpleGrid>
      <Part title={t('functions.console')}>
        {run.console?.length ? <Console lines={run.console} /> : <Text size="sm" c="dimmed">{t('functions.noConsole')}</Text>}
      </Part>
      <Documents of={run} title />
      {run.payload && (
        <>
          <Part title={t('functions.input')}><Json label={t('functions.input')} value={run.payload.input} cut={run.payload.cut?.includes('input')} /></Part>
          {run.payload.output !== null && <Part title={t('functions.output')}><Json label={t('functions.output')} value={run.payload.output} cut={run.payload.cut?.includes('output')} /></Part>}
          <Text size="xs" c="dimmed">{t('functions.payloadAbout')}</Text>
        </>
      )}
      <Text size="xs" c="dimmed" component="div">{t('functions.runId')} <Plain text={run.id} mono /></Text>
    </Stack>
  )
}

/** The documents of a run: those it wrote, or, where it failed, those it asked for. */
export function Documents({ of, title = false }: { of: Run; title?: boolean }) {
  const list: { in: string; id: string; write?: boolean }[] = of.wrote ?? of.touched ?? []
  if (list.length === 0) return null
  const name = t(of.wrote ? 'functions.wrote' : 'functions.touched')
  const links = (
    <Stack gap={2}>
      {list.map(w => (
        <Group key={w.in + '/' + w.id} gap={8} wrap="nowrap" miw={0}>
          <Anchor component={Link} size="sm" miw={0} href={'/data?' + new URLSearchParams({ in: w.in, doc: w.id }).toString()}><Plain text={`${w.in}/${w.id}`} mono /></Anchor>
          {w.write && <Badge size="xs" variant="light" color="gray" tt="none">{t('functions.unwritten')}</Badge>}
        </Group>
      ))}
      {of.wroteMore && <Text size="xs" c="dimmed">{t('functions.wroteMore', { n: of.wroteMore })}</Text>}
    </Stack>
  )
  return title ? <Part title={name}>{links}</Part> : <div><Text size="xs" c="dimmed">{name}</Text>{links}</div>
}

function Json({ label, value, cut }: { label: string; value: unknown; cut: boolean | undefined }) {
  if (cut) return <Text size="sm" c="dimmed">{t('functions.tooLong')}</Text>
  return <CodeView label={label} language="json" value={JSON.stringify(value, null, 2)} maxHeight={260} />
}
