import { Alert, Badge, Code, CopyButton, Group, SimpleGrid, Stack, Table, Text, Button } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconBulb, IconCircleCheck } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Drawer } from '../../../parts/Drawer.tsx'
import { Plain } from '../../../parts/Plain.tsx'
import { Failed, Loading, Stale } from '../../../parts/states.tsx'
import { bytes, number, span, t, type Key } from '../../../text.ts'
import * as client from '../client.ts'

/** How the server finds the documents on screen, and which index would help. */
export function Explain({ q, close }: { q: client.Query; close: () => void }) {
  const narrow = useMediaQuery('(max-width: 48em)')
  const plan = useQuery({ queryKey: ['data', 'explain', client.queryText(q), q.as], queryFn: ({ signal }) => client.explain(q, signal), staleTime: 0, gcTime: 0, refetchOnWindowFocus: false })
  return (
    <Drawer opened onClose={close} position="right" overlayProps={{ backgroundOpacity: 0.15 }} size={narrow ? '100%' : 560} title={<Text fw={600}>{t('data.explain.title')}</Text>} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <Stale of={plan} />
      {plan.isPending ? <Loading /> : plan.isLoadingError ? <Failed error={plan.error} retry={plan.refetch} /> : <Plan plan={plan.data} q={q} />}
    </Drawer>
  )
}

function Plan({ plan, q }: { plan: client.Plan; q: client.Query }) {
  const good = !plan.unindexed && !plan.sortInMemory
  return (
    <Stack gap="md">
      <Alert color={good ? 'hutch' : 'yellow'} icon={good ? <IconCircleCheck size={18} /> : <IconBulb size={18} />} title={t(plan.unindexed ? 'data.explain.unindexed' : plan.sortInMemory ? 'data.explain.sorts' : 'data.explain.good')}>
        {t(plan.unindexed ? 'data.explain.unindexedAbout' : plan.sortInMemory ? 'data.explain.sortsAbout' : 'data.explain.goodAbout')}
      </Alert>
      <SimpleGrid cols={2} spacing="xs">
        <Figure label={t('data.explain.index')} value={plan.index === '' || plan.unindexed && plan.index === '_id' ? t('data.explain.none') : plan.index} />
        <Figure label={t('data.explain.time')} value={span(plan.ms)} />
        <Figure label={t('data.explain.examined')} value={`${number(plan.examined)} · ${bytes(plan.examinedBytes)}`} />
        <Figure label={t('data.explain.returned')} value={number(plan.returned)} />
        {q.as !== '' && <Figure label={t('data.explain.rule')} value={t(`data.explain.rule.${plan.rule}` as Key)} />}
        <Figure label={t('data.explain.order')} value={t(plan.sortInMemory ? 'data.explain.inMemory' : plan.reverse ? 'data.explain.reverse' : 'data.explain.byIndex')} />
      </SimpleGrid>
      {!plan.complete && <Alert color="gray" p="xs">{t(!plan.stopped ? 'data.explain.partial' : plan.advice ? 'data.explain.stoppedAdvice' : 'data.explain.stopped')}</Alert>}
      {plan.bounds.length > 0 && (
        <div>
          <Text size="sm" fw={600} mb={4}>{t('data.explain.bounds')}</Text>
          <Table fz="sm" withTableBorder>
            <Table.Tbody>
              {plan.bounds.map(b => (
                <Table.Tr key={b.path}>
                  <Table.Td><Plain text={(b.desc ? '-' : '') + b.path} mono /></Table.Td>
                  <Table.Td>{b.conditions.length === 0 ? <Text size="sm" c="dimmed">{t('data.explain.all')}</Text> : <Plain text={b.conditions.map(c => JSON.stringify(c)).join('  ')} mono wrap />}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      {plan.also.length > 0 && <Group gap={6}><Text size="xs" c="dimmed">{t('data.explain.also')}</Text>{plan.also.map(i => <Badge key={i} size="sm" variant="default" tt="none"><Plain text={i} /></Badge>)}</Group>}
      {plan.advice && (
        <div>
          <Group justify="space-between" mb={4}>
            <Text size="sm" fw={600}>{t('data.explain.advice')}</Text>
            <CopyButton value={plan.advice.yaml}>{({ copied, copy }) => <Button size="compact-xs" variant="default" onClick={copy}>{copied ? t('action.copied') : t('action.copy')}</Button>}</CopyButton>
          </Group>
          <Text size="sm" mb="xs"><Plain text={plan.advice.text} wrap /></Text>
          <Code block>{plan.advice.yaml}</Code>
        </div>
      )}
    </Stack>
  )
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">{label}</Text>
      <Text size="sm" fw={500} className="tabular" component="div"><Plain text={value} /></Text>
    </div>
  )
}
