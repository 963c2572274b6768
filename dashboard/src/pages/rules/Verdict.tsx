import { Badge, Group, Stack, Text, Title } from '@mantine/core'
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react'
import { Plain } from '../../parts/Plain.tsx'
import { t, type Key } from '../../text.ts'
import type { Answer, Traced, Truth } from './client.ts'
import { ListResult } from './ListResult.tsx'
import { helpersOf, marksOf, pieces } from './marks.ts'
import css from './rules.module.css'

const truths: Record<Truth, { text: Key; color: string }> = {
  true: { text: 'rules.true', color: 'teal' }, false: { text: 'rules.false', color: 'red' }, error: { text: 'rules.error', color: 'yellow' }, unseen: { text: 'rules.unseen', color: 'gray' },
}

/** What came of an access, and why. */
export function Verdict({ answer, helpers }: { answer: Answer; helpers: Map<string, string> }) {
  const Icon = answer.allowed ? IconCircleCheck : IconCircleX
  return (
    <Stack gap="md">
      <div className={css.verdict} data-allowed={answer.allowed || undefined} role="status">
        <Group gap={8}>
          <Icon size={20} color={answer.allowed ? 'var(--mantine-color-teal-6)' : 'var(--mantine-color-red-6)'} aria-hidden />
          <Text fw={600}>{t(answer.allowed ? 'rules.allowed' : 'rules.refused')}</Text>
          {answer.code && <Badge size="sm" tt="none" variant="light" color="red"><Plain text={answer.code} mono /></Badge>}
          {answer.field && <Badge size="sm" tt="none" variant="default"><Plain text={answer.field} mono /></Badge>}
        </Group>
        {answer.message && <Text size="sm" c="dimmed" mt={4}><Plain text={answer.message} wrap /></Text>}
        {answer.invalid && <Text size="sm" c="red" mt={4}>{t('rules.invalid')} <Plain text={answer.invalid} wrap /></Text>}
      </div>
      {answer.list && <ListResult list={answer.list} />}
      {answer.rules.map((r, i) => <Rule key={i} traced={r} helpers={helpers} />)}
      {answer.lookUps.length > 0 && (
        <section>
          <Title order={3} fz={13} mb={4}>{t('rules.lookUps')}</Title>
          {answer.lookUps.map(l => (
            <Text key={l.collection + l.id} size="xs" component="div"><Plain text={`${l.collection}/${l.id}`} mono /> {l.version === 0 && <Badge size="xs" tt="none" variant="light" color="yellow">{t('rules.absent')}</Badge>}</Text>
          ))}
        </section>
      )}
      {answer.next && <Json title={t('rules.nextAfter')} value={answer.next} />}
      {answer.stored && <Json title={t('rules.stored')} value={answer.stored} />}
      <Json title={t('rules.auth')} value={answer.auth} />
    </Stack>
  )
}

function Rule({ traced, helpers }: { traced: Traced; helpers: Map<string, string> }) {
  return (
    <section>
      <Group gap={8} mb={6}>
        <Title order={3} fz={13}>{t('rules.ruleOf', { op: traced.op })}</Title>
        <Badge size="xs" tt="none" variant="light" color={truths[traced.truth].color}>{t(truths[traced.truth].text)}</Badge>
        {traced.of && <Text size="xs" c="dimmed" component="div"><Plain text={traced.of} mono /></Text>}
      </Group>
      {traced.key === ''
        ? <Text size="sm" c="dimmed">{t('rules.noRule')}</Text>
        : (
            <Stack gap={6}>
              <Marked text={traced.rule.text} traced={traced} within="" />
              {helpersOf(traced.parts).map(name => {
                const text = helpers.get(name)
                return text === undefined ? null : (
                  <div key={name}>
                    <Text size="xs" c="dimmed" component="div" mb={2}><Plain text={name} mono /></Text>
                    <Marked text={text} traced={traced} within={name} />
                  </div>
                )
              })}
              <Tests traced={traced} />
            </Stack>
          )}
    </section>
  )
}

function Marked({ text, traced, within }: { text: string; traced: Traced; within: string }) {
  return (
    <pre className={css.text} dir="ltr">
      {pieces(text, marksOf(traced.parts, within)).map((p, i) => p.mark === undefined ? p.text : (
        <mark key={i} className={css.mark} data-truth={p.mark.truth} data-deciding={p.mark.deciding || undefined} title={t(truths[p.mark.truth].text)}>{p.text}</mark>
      ))}
    </pre>
  )
}

/** The tests that were made, with what they looked at; those that decide first. */
function Tests({ traced }: { traced: Traced }) {
  const made = traced.parts.filter(p => p.kind === 'test' && p.truth !== 'unseen').sort((a, b) => Number(b.deciding) - Number(a.deciding))
  if (made.length === 0) return null
  return (
    <table className={css.tests}>
      <tbody>
        {made.map((p, i) => (
          <tr key={i}>
            <td><Badge size="xs" tt="none" variant={p.deciding ? 'filled' : 'light'} color={truths[p.truth].color} autoContrast>{t(truths[p.truth].text)}</Badge></td>
            <td>
              <Plain text={p.text} mono wrap max={300} />{p.deciding && <Text span size="xs" c="dimmed"> · {t('rules.decides')}</Text>}
              {p.values.map((v, k) => (
                <Text key={k} size="xs" c="dimmed" component="div"><Plain text={`${v.text} = ${v.cut ? '…' : v.value === undefined ? t('rules.noValue') : JSON.stringify(v.value)}`} mono wrap max={160} /></Text>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

export function Json({ title, value }: { title: string; value: unknown }) {
  return (
    <section>
      <Title order={3} fz={13} mb={4}>{title}</Title>
      <pre className={css.json} tabIndex={0} aria-label={title}><Plain text={JSON.stringify(value, null, 2)} wrap max={20_000} /></pre>
    </section>
  )
}
