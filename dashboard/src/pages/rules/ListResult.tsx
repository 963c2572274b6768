import { Badge, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { Plain } from '../../parts/Plain.tsx'
import { T } from '../../parts/Text.tsx'
import { number, t, type Key } from '../../text.ts'
import type { ListAnswer } from './client.ts'
import css from './rules.module.css'

const kinds: Record<ListAnswer['rule'], Key> = { always: 'rules.list.always', filter: 'rules.list.filter', scan: 'rules.list.scan', never: 'rules.list.never' }

/** What a list rule makes of a query: a filter, a walk, and how many documents pass. */
export function ListResult({ list }: { list: ListAnswer }) {
  const { sample } = list
  return (
    <Stack gap="sm" component="section" aria-label={t('rules.list.title')}>
      <Group gap={8}>
        <Badge size="sm" tt="none" variant="light">{t(kinds[list.rule])}</Badge>
        {list.rule !== 'never' && <Badge size="sm" tt="none" variant="light" color={list.exact ? 'teal' : 'yellow'}>{t(list.exact ? 'rules.list.exact' : 'rules.list.inexact')}</Badge>}
        {list.why && <Text size="xs" c="dimmed" component="div"><Plain text={list.why} wrap /></Text>}
      </Group>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <div>
          <Text size="xs" c="dimmed" mb={2}>{t('rules.list.becomes')}</Text>
          <pre className={css.json} tabIndex={0} aria-label={t('rules.list.becomes')}><Plain text={JSON.stringify(list.filter, null, 2)} wrap max={20_000} /></pre>
        </div>
        <Stack gap={4}>
          <Text size="xs" c="dimmed">{t('rules.list.sample')}</Text>
          <Group gap="md">
            <Text size="sm"><b className="tabular">{number(sample.passing)}</b> {t('rules.list.pass')}</Text>
            <Text size="sm"><b className="tabular">{number(sample.refused)}</b> {t('rules.list.refused')}</Text>
          </Group>
          {!sample.complete && <Text size="xs" c="dimmed">{t('rules.list.first', { n: sample.most })}</Text>}
          {sample.passes && <Text size="xs" component="div"><T k="rules.list.passes" values={{ id: <Plain key="p" text={sample.passes._id} mono /> }} /></Text>}
          {sample.refuses && <Text size="xs" component="div"><T k="rules.list.refuses" values={{ id: <Plain key="r" text={sample.refuses._id} mono /> }} /></Text>}
          {list.rule !== 'never' && (
            <Text size="xs" mt={6} component="div">
              {list.unindexed ? t('rules.list.unindexed') : <T k="rules.list.index" values={{ name: <Plain key="i" text={list.index} mono /> }} />}
              {' · '}{t('rules.list.examined', { examined: list.examined, returned: list.returned })}
            </Text>
          )}
          {list.advice && <Text size="xs" c="dimmed" component="div"><T k="rules.list.advice" values={{ index: <Plain key="a" text={list.advice} mono wrap /> }} /></Text>}
        </Stack>
      </SimpleGrid>
    </Stack>
  )
}
