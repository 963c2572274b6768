import { useMemo } from 'react'
import { Alert, Button, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconPlayerPlay } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ErrorText } from '../../parts/ErrorText.tsx'
import { CodeEdit } from '../../parts/Code.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { useDraft } from '../../parts/useDraft.ts'
import { useUrlState } from '../../parts/useUrlState.ts'
import { guest, oneself, WhoPicker } from '../../parts/WhoPicker.tsx'
import { t, useLanguage } from '../../text.ts'
import { lintDoc, malformed } from '../data/document/lint.ts'
import { fieldsOf, says, schemaOf } from '../data/model/schema.ts'
import { parse } from '../data/model/wire.ts'
import { apiError } from '../../api/error.ts'
import { invoke, type FnShown, type Invocation, type Invoked } from './api.ts'
import css from './functions.module.css'
import { Answer } from './Answer.tsx'
import { sample } from './sample.ts'

const none: Record<string, string> = {}

/** Calls the function, as whom one likes, and shows all that came of it. */
export function Invoke({ fn }: { fn: FnShown }) {
  const schema = useMemo(() => schemaOf(fn.input), [fn.input])
  const start = useMemo(() => schema ? JSON.stringify(sample(fn.input), null, 2) : fn.trigger.kind === 'call' ? 'null' : '', [schema, fn.input, fn.trigger.kind])
  const [body, setBody] = useDraft(`invoke/${fn.name}/body`, start)
  const [params, setParams] = useDraft<Record<string, string>>(`invoke/${fn.name}/params`, none)
  const [reason, setReason] = useDraft(`invoke/${fn.name}/reason`, '')
  const [came, setCame] = useDraft<Invoked | undefined>(`invoke/${fn.name}/answer`, undefined)
  const [as, setAs] = useUrlState('as', oneself)
  const language = useLanguage()
  const queries = useQueryClient()
  const call = useMutation({
    mutationFn: () => invoke(fn.name, invocation(fn, body, params, as, reason.trim())),
    onSuccess: setCame,
    onSettled: () => queries.invalidateQueries({ queryKey: ['functions'] }),
  })
  const http = fn.trigger.kind === 'http'
  const problems = useMemo(() => body.trim() === '' ? [] : schema ? lintDoc(body, schema) : plainProblems(body), [body, schema, language])
  const complete = useMemo(() => {
    const words = fieldsOf(schema).flatMap(name => {
      const s = says(schema, name)
      return [
        { label: JSON.stringify(name), detail: [s.kind, s.required ? t('functions.required') : ''].filter(Boolean).join(', '), type: 'property' },
        ...s.enum.filter(v => typeof v === 'string').map(v => ({ label: JSON.stringify(v), detail: name, type: 'enum' })),
      ]
    })
    return () => words
  }, [schema, language])
  if (fn.trigger.kind !== 'call' && !http) return <Alert color="gray">{t('functions.notCallable')}</Alert>
  const names = [...(fn.trigger.path ?? '').matchAll(/\{(\w+)\}/g)].map(m => m[1] as string)
  const ready = problems.every(p => 'severity' in p)
  const submit = () => {
    if (ready && !call.isPending) call.mutate()
  }
  return (
    <div className={css.call}>
      <Stack gap="sm">
        {http && [...names.map(n => ({ name: n, optional: false })), ...fn.params].map(p => (
          <TextInput key={p.name} size="sm" label={p.name} withAsterisk={!p.optional} value={params[p.name] ?? ''} onChange={e => setParams({ ...params, [p.name]: e.currentTarget.value })} />
        ))}
        {(!http || fn.trigger.method !== 'GET') && (
          <div>
            <Text size="sm" fw={600} mb={4}>{http ? t('functions.body') : t('functions.data')}</Text>
            <CodeEdit label={http ? t('functions.body') : t('functions.data')} language="json" value={body} onChange={setBody} onSubmit={submit} problems={problems} complete={complete} height={220} />
            <Text size="xs" c="dimmed" mt={4}>{t(schema ? 'functions.schemaAbout' : 'functions.jsonAbout')}</Text>
            {problems.length > 0 && <ul className={css.problems} tabIndex={0} aria-label={t('functions.problems')}>{problems.slice(0, 20).map((p, i) => <li key={i}><Plain text={p.message} wrap /></li>)}</ul>}
          </div>
        )}
        <WhoPicker size="sm" label={t('functions.as')} value={as} onChange={who => setAs(who)} more={[{ value: oneself, label: t('functions.asOperator') }]} />
        <TextInput size="sm" label={t('functions.reason')} description={t('functions.reasonAbout')} maxLength={60} value={reason} onChange={e => setReason(e.currentTarget.value)} />
        <Group>
          <Button leftSection={<IconPlayerPlay size={16} />} onClick={submit} loading={call.isPending} disabled={!ready}>{t('functions.callIt')}</Button>
          <Text size="xs" c="dimmed">{t('functions.callAbout')}</Text>
        </Group>
      </Stack>
      <Stack gap="sm" aria-live="polite">
        <Title order={3}>{t('functions.answer')}</Title>
        {call.isError ? <Alert color="red" title={apiError(call.error).code}><ErrorText error={call.error} /></Alert>
          : came ? <Answer of={came} />
            : <Text size="sm" c="dimmed">{t('functions.notCalled')}</Text>}
      </Stack>
    </div>
  )
}

function plainProblems(text: string): { from: number; to: number; message: string }[] {
  try {
    parse(text)
    return []
  } catch (e) {
    return [malformed(e, text)]
  }
}

function invocation(fn: FnShown, body: string, params: Record<string, string>, as: string, reason: string): Invocation {
  const out: Invocation = { as: as === oneself ? null : as === guest ? guest : { uid: as }, ...(reason && { reason }) }
  const value: unknown = body.trim() === '' ? undefined : JSON.parse(body)
  if (fn.trigger.kind !== 'http') return { ...out, data: value ?? null }
  const inPath = new Set([...(fn.trigger.path ?? '').matchAll(/\{(\w+)\}/g)].map(m => m[1]))
  const given = Object.entries(params).filter(([, v]) => v !== '')
  return {
    ...out,
    request: {
      params: Object.fromEntries(given.filter(([k]) => inPath.has(k))), query: Object.fromEntries(given.filter(([k]) => !inPath.has(k))),
      ...(value !== undefined && { body: value }),
    },
  }
}
