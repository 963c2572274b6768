import { useState } from 'react'
import { Button, Code, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CodeEdit } from '../../parts/Code.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Failed, Loading, Stale } from '../../parts/states.tsx'
import { t } from '../../text.ts'
import { preview } from './api.ts'
import css from './settings.module.css'

/** A mail as it would be sent. Its HTML stands in a frame that may do nothing: no script, no form, no origin. */
export function MailPreview({ kind }: { kind: string }) {
  const own = kind.startsWith('app/')
  const [text, setText] = useState('{}')
  const [data, setData] = useState<unknown>({})
  const [view, setView] = useState('html')
  const found = useQuery({
    queryKey: ['settings', 'preview', kind, data], retry: false, staleTime: 60_000,
    queryFn: () => preview(own ? { template: kind.slice('app/'.length), data } : { kind }),
  })
  const fill = () => {
    try {
      setData(JSON.parse(text))
    } catch {
      // what is no JSON yet is not shown
    }
  }
  return (
    <Stack gap="xs" miw={0}>
      {own && (
        <Stack gap={4}>
          <Text size="xs" c="dimmed">{t('settings.mailData')}</Text>
          <CodeEdit label={t('settings.mailData')} language="json" value={text} onChange={setText} onSubmit={fill} height={90} />
          <Group justify="flex-end"><Button size="compact-xs" variant="default" onClick={fill}>{t('settings.mailFill')}</Button></Group>
        </Stack>
      )}
      <Stale of={found} />
      {found.isPending ? <Loading /> : found.isLoadingError ? <Failed error={found.error} retry={found.refetch} /> : (
        <>
          <Group justify="space-between" gap="xs">
            <Text size="sm" fw={600} component="div" miw={0}><Plain text={found.data.subject} wrap /></Text>
            <SegmentedControl size="xs" value={view} onChange={setView} aria-label={t('settings.mailView')} data={[{ value: 'html', label: 'HTML' }, { value: 'text', label: t('settings.mailText') }, { value: 'source', label: t('settings.mailSource') }]} />
          </Group>
          {view === 'html' && found.data.html !== '' && <iframe className={css.frame} sandbox="" srcDoc={found.data.html} title={t('settings.mailFrame', { kind })} />}
          {view === 'html' && found.data.html === '' && <Text size="sm" c="dimmed">{t('settings.mailNoHtml')}</Text>}
          {view !== 'html' && <Code block tabIndex={0} className={css.source as string}>{view === 'text' ? found.data.text : found.data.html}</Code>}
        </>
      )}
    </Stack>
  )
}
