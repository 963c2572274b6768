import { useCallback, useMemo } from 'react'
import { Alert, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconArrowBackUp, IconCircleCheck } from '@tabler/icons-react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { CodeEdit, type CodeProblem } from '../../parts/Code.tsx'
import { ErrorText } from '../../parts/ErrorText.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { useDraft } from '../../parts/useDraft.ts'
import { t } from '../../text.ts'
import { check, fields, type Finding } from './client.ts'
import { offset } from './marks.ts'
import type { Item } from './place.ts'

const roots = ['auth', 'resource', 'next', 'request', 'id']
const authFields = ['uid', 'email', 'emailVerified', 'anonymous', 'role', 'roles', 'claims', 'aal', 'provider', 'actor']
const calls = ['changed', 'changedOnly', 'hasAny', 'hasAll', 'get', 'exists', 'size', 'has', 'startsWith', 'endsWith', 'contains', 'matches', 'timestamp', 'all', 'exists_one']

/** A rule as written; what is tried in its place is checked and not saved. */
export function RuleView({ item, helpers }: { item: Item; helpers: string[] }) {
  const [text, setText] = useDraft(`rules/text/${item.id}`, item.rule.text)
  const [asked] = useDebouncedValue(text, 300)
  const { kind, key, collection } = item
  const found = useQuery({
    queryKey: ['rules', 'check', item.id, asked], queryFn: () => check(asked, { kind, key, ...collection !== undefined && { collection } }), placeholderData: keepPreviousData, retry: false,
  })
  const known = useQuery({ queryKey: ['rules', 'fields', collection], queryFn: ({ signal }) => fields(collection ?? '', signal), enabled: collection !== undefined, staleTime: 60_000, retry: false })
  const problems = useMemo<CodeProblem[]>(() => (found.data?.diagnostics ?? []).map(d => {
    const from = offset(asked, d.line, d.column)
    return { from, to: from + (/^[\w.]+/.exec(asked.slice(from))?.[0].length ?? 1), message: d.hint ? `${d.message} – ${d.hint}` : d.message, severity: d.severity }
  }), [found.data, asked])
  const paths = useMemo(() => known.data?.fields.map(f => f.path) ?? [], [known.data])
  const complete = useCallback((word: string) => {
    const dot = word.lastIndexOf('.')
    if (dot >= 0) {
      const of = word.slice(0, dot)
      const names = of === 'auth' ? authFields : of === 'resource' || of === 'next' ? paths : []
      return names.map(p => ({ label: `${of}.${p}`, type: 'property' })).filter(o => o.label.startsWith(word))
    }
    return [...roots.map(label => ({ label, type: 'variable' })), ...[...calls, ...helpers].map(label => ({ label, type: 'function' }))].filter(o => o.label.startsWith(word))
  }, [paths, helpers])
  const edited = text !== item.rule.text
  return (
    <Stack gap={8} component="section" aria-label={t('rules.text')}>
      <Group justify="space-between" gap="xs">
        <Group gap={8} miw={0}>
          <Title order={2} fz={15}><Plain text={collection === undefined ? key : `${collection}.${key}`} mono /></Title>
          <Text size="xs" c="dimmed" component="div"><Plain text={`${item.rule.file}:${item.rule.line}`} mono /></Text>
        </Group>
        {edited && <Button size="compact-xs" variant="default" leftSection={<IconArrowBackUp size={13} />} onClick={() => setText(item.rule.text)}>{t('rules.revert')}</Button>}
      </Group>
      <CodeEdit label={t('rules.text')} language="cel" value={text} onChange={setText} problems={problems} complete={complete} wrap maxHeight={300} />
      {found.isError
        ? <Text size="xs" c="red" role="alert"><ErrorText error={found.error} /></Text>
        : <Findings list={found.data?.diagnostics ?? []} others={found.data?.others ?? []} edited={edited} />}
    </Stack>
  )
}

function Findings({ list, others, edited }: { list: Finding[]; others: Finding[]; edited: boolean }) {
  if (list.length + others.length === 0) {
    return <Group gap={6}><IconCircleCheck size={14} color="var(--mantine-color-teal-6)" aria-hidden /><Text size="xs" c="dimmed">{t(edited ? 'rules.wouldWork' : 'rules.works')}</Text></Group>
  }
  return (
    <Alert color={list.some(d => d.severity === 'error') || others.length > 0 ? 'red' : 'yellow'} p="xs" role="status">
      <Stack gap={4}>
        {[...list, ...others].map((d, i) => (
          <Text key={i} size="xs" component="div">
            {d.file && <><Plain text={`${d.file}:${d.line}`} mono /> </>}
            <Plain text={d.message} wrap max={500} />{d.hint && <Text span size="xs" c="dimmed"> <Plain text={d.hint} wrap max={500} /></Text>}
          </Text>
        ))}
      </Stack>
    </Alert>
  )
}
