import { Alert, Anchor, Badge, Group, Stack, Text, Title } from '@mantine/core'
import { Link } from 'wouter'
import { CodeView } from '../../parts/Code.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { span, t } from '../../text.ts'
import { keyOf, type Invoked } from './api.ts'
import { Console, OutcomeBadge } from './bits.tsx'
import css from './functions.module.css'
import { Documents } from './RunDrawer.tsx'

/** What came of a call. */
export function Answer({ of: { ok, result, response, error, run } }: { of: Invoked }) {
  return (
    <Stack gap="sm">
      <Group gap="xs">
        {run ? <OutcomeBadge of={run} /> : <Badge size="sm" color="yellow" variant="light">{t('functions.notRun')}</Badge>}
        {run && <Text size="sm" className="tabular">{span(run.ms)}</Text>}
        {run?.cold && <Badge size="sm" variant="light" tt="none" color="blue">{t('functions.cold')}</Badge>}
        {run && <Anchor component={Link} size="sm" href={'/functions?' + new URLSearchParams({ fn: run.function, run: keyOf(run) }).toString()}>{t('functions.openRun')}</Anchor>}
      </Group>
      {error && (
        <Alert color={run?.failed ? 'red' : 'yellow'} title={error.code}>
          <Plain text={[error.field, error.message, error.hint].filter(Boolean).join(' · ')} wrap max={2000} />
        </Alert>
      )}
      {run?.stack && <pre className={css.stack} tabIndex={0} aria-label={t('functions.stack')}><bdi>{run.stack}</bdi></pre>}
      {ok && !response && <CodeView label={t('functions.result')} language="json" value={JSON.stringify(result, null, 2)} maxHeight={360} />}
      {response && (
        <>
          <Group gap="xs"><Badge variant="default">{response.status}</Badge>{response.headers.map(([k, v]) => <Plain key={k} text={`${k}: ${v}`} mono />)}</Group>
          <CodeView label={t('functions.result')} language="text" value={response.body.slice(0, 100_000)} maxHeight={360} />
        </>
      )}
      {run?.console?.length ? <><Title order={4} fz="sm">{t('functions.console')}</Title><Console lines={run.console} /></> : null}
      {run && <Documents of={run} />}
    </Stack>
  )
}
