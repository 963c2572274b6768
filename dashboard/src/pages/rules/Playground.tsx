import { useCallback, useMemo } from 'react'
import { Button, SegmentedControl, Select, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconPlayerPlay } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { CodeEdit, type CodeProblem } from '../../parts/Code.tsx'
import { Failed } from '../../parts/states.tsx'
import { useDraft } from '../../parts/useDraft.ts'
import { useUrlState } from '../../parts/useUrlState.ts'
import { guest, WhoPicker } from '../../parts/WhoPicker.tsx'
import { t, useLanguage } from '../../text.ts'
import { lintDoc } from '../data/document/lint.ts'
import { explain, fields, type Rules } from './client.ts'
import { operations, type Operation, type Trial } from './place.ts'
import css from './rules.module.css'
import { Verdict } from './Verdict.tsx'

const hand = 'hand'
const madeUp = JSON.stringify({ uid: 'u1', email: 'u1@example.com', emailVerified: true, roles: [], claims: {} }, null, 2)

interface Props { all: Rules; trial: Trial; change: (to: { collection?: string; op?: Operation }) => void }

/** Judges an access that nobody makes. */
export function Playground({ all, trial: { collection, op }, change }: Props) {
  const [as, setAs] = useUrlState('as', guest)
  const [id, setId] = useUrlState('id')
  const [from, setFrom] = useDraft<'stored' | 'json'>('rules/from', 'stored')
  const [claims, setClaims] = useDraft('rules/claims', madeUp)
  const [doc, setDoc] = useDraft(`rules/doc/${collection}`, '{\n  \n}')
  const [next, setNext] = useDraft(`rules/next/${collection}`, '{\n  \n}')
  const [query, setQuery] = useDraft(`rules/query/${collection}`, '{\n  "where": {}\n}')
  const known = useQuery({ queryKey: ['rules', 'fields', collection], queryFn: ({ signal }) => fields(collection, signal), staleTime: 60_000, retry: false, enabled: collection !== '' })
  const paths = useMemo(() => known.data?.fields.map(f => f.path) ?? [], [known.data])
  const complete = useCallback((word: string) => paths.filter(p => p.startsWith(word)).map(label => ({ label, type: 'property' })), [paths])
  const writes = op === 'create' || op === 'update' || op === 'set'
  const stored = op !== 'create' && op !== 'list'
  const wrong = [as === hand && claims, stored && from === 'json' && doc, writes && next, op === 'list' && query].some(x => x && problemsOf(x).length > 0)
  const ready = !wrong && (!stored || from === 'json' || id !== '')
  const asked = (): object => ({
    as: as === guest ? guest : as === hand ? { claims: JSON.parse(claims) as object } : { uid: as }, op, collection,
    ...stored && (from === 'stored' ? { id } : { document: { _id: id || 'example', ...JSON.parse(doc) as object } }),
    ...op === 'create' && id !== '' && { id },
    ...writes && { next: JSON.parse(next) as object },
    ...op === 'list' && { query: { from: collection, ...JSON.parse(query) as object } },
  })
  const run = useMutation({ mutationFn: explain })
  const go = () => {
    if (ready) run.mutate(asked())
  }
  const over = run.variables !== undefined && (!ready || JSON.stringify(asked()) !== JSON.stringify(run.variables))
  const helpers = useMemo(() => new Map(all.helpers.map(h => [h.key.split('(')[0]?.trim() ?? h.key, h.text])), [all.helpers])
  return (
    <section aria-label={t('rules.playground')}>
      <Title order={2} fz={15}>{t('rules.playground')}</Title>
      <Text size="xs" c="dimmed" mb="sm">{t('rules.playgroundAbout')}</Text>
      <div className={css.play}>
        <form className={css.form} onSubmit={e => { e.preventDefault(); go() }}>
          <WhoPicker label={t('rules.as')} value={as} onChange={who => setAs(who)} more={[{ value: hand, label: t('rules.byHand') }]} />
          {as === hand && <Json label={t('rules.claims')} value={claims} onChange={setClaims} run={go} />}
          <Select size="xs" label={t('rules.collection')} allowDeselect={false} value={collection} onChange={v => v && change({ collection: v })} data={all.collections.map(c => c.name)} />
          <Select size="xs" label={t('rules.operation')} allowDeselect={false} value={op} onChange={v => v && change({ op: v as Operation })} data={[...operations]} />
          {stored && (
            <div>
              <Text size="xs" fw={600} mb={4}>{t('rules.document')}</Text>
              <SegmentedControl size="xs" fullWidth aria-label={t('rules.document')} value={from} onChange={v => setFrom(v as 'stored' | 'json')} data={[{ value: 'stored', label: t('rules.storedOne') }, { value: 'json', label: t('rules.asJson') }]} />
            </div>
          )}
          {(stored && from === 'stored' || op === 'create') && (
            <TextInput size="xs" label={t('rules.id')} value={id} onChange={e => setId(e.currentTarget.value, { replace: true })} required={op !== 'create'} withAsterisk={op !== 'create'} spellCheck={false} dir="auto" />
          )}
          {stored && from === 'json' && <Json label={t('rules.documentJson')} value={doc} onChange={setDoc} complete={complete} run={go} />}
          {writes && <Json label={t('rules.next')} value={next} onChange={setNext} complete={complete} run={go} />}
          {op === 'list' && <Json label={t('rules.query')} value={query} onChange={setQuery} complete={complete} run={go} />}
          <Button type="submit" size="xs" leftSection={<IconPlayerPlay size={14} />} loading={run.isPending} disabled={!ready}>{t('rules.judge')}</Button>
        </form>
        <Stack gap="md" miw={0} className={css.answer as string} data-over={over || undefined}>
          {over && <Text size="xs" c="dimmed" role="status">{t('rules.over')}</Text>}
          {run.isError && <Failed error={run.error} retry={go} />}
          {run.data && !run.isError ? <Verdict answer={run.data} helpers={helpers} /> : !run.isError && <Text size="sm" c="dimmed" ta="center" py="xl">{t('rules.notYet')}</Text>}
        </Stack>
      </div>
    </section>
  )
}

function Json({ label, value, onChange, complete, run }: { label: string; value: string; onChange: (v: string) => void; complete?: (word: string) => { label: string }[]; run: () => void }) {
  const language = useLanguage()
  const problems = useMemo(() => problemsOf(value), [value, language])
  return (
    <div>
      <Text size="xs" fw={600} mb={4}>{label}</Text>
      <CodeEdit label={label} language="json" value={value} onChange={onChange} onSubmit={run} problems={problems} {...complete && { complete }} wrap maxHeight={260} />
    </div>
  )
}

/** A JSON object, or what is wrong with it. */
function problemsOf(text: string): CodeProblem[] {
  return lintDoc(text, undefined)
}
