import { Group, NativeSelect, Stack, Text } from '@mantine/core'
import { IconFileOff } from '@tabler/icons-react'
import { CodeView } from '../../parts/Code.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Empty } from '../../parts/states.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { t } from '../../text.ts'
import type { FnShown } from './api.ts'

/** The files that the running code was made of. */
export function Source({ fn }: { fn: FnShown }) {
  const [file, setFile] = useUrlState('file')
  const shown = fn.sources.find(s => s.file === file) ?? fn.sources[0]
  if (!shown) return <Empty title="functions.noSource" icon={IconFileOff} about={t('functions.noSourceAbout')} />
  return (
    <Stack gap="xs">
      <Group gap="sm">
        {fn.sources.length > 1
          ? <NativeSelect size="xs" aria-label={t('functions.file')} value={shown.file} data={fn.sources.map(s => s.file)} onChange={e => setFile(e.currentTarget.value)} />
          : <Text size="sm" component="div"><Plain text={shown.file} mono /></Text>}
        <Text size="xs" c="dimmed">{t('functions.sourceAbout')}</Text>
      </Group>
      <CodeView label={shown.file} language="typescript" value={shown.text} />
    </Stack>
  )
}
