import { ActionIcon, Badge, Button, FileButton, Stack, Text, Tooltip } from '@mantine/core'
import { IconPlayerPlay, IconX } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { confirm } from '../../../parts/Confirm.tsx'
import { Plain } from '../../../parts/Plain.tsx'
import { T } from '../../../parts/Text.tsx'
import { TimeAgo } from '../../../parts/TimeAgo.tsx'
import { t } from '../../../text.ts'
import * as client from '../client.ts'
import css from './import.module.css'
import { markOf } from './importing.ts'

const quiet = 60_000 // milliseconds without a change, by which an import has broken off

/** Imports that broke off. What is in stays; the same file goes on behind it. */
export function Unfinished({ list, goOn }: { list: client.Import[]; goOn: (begun: client.Import, file: File) => void }) {
  const cache = useQueryClient()
  const [other, setOther] = useState('')
  const now = useNow()
  if (list.length === 0) return null
  const choose = async (m: client.Import, file: File | null) => {
    if (!file) return
    const same = await markOf(file) === m.mark
    setOther(same ? '' : m.id)
    if (same) goOn(m, file)
  }
  const forget = (m: client.Import) => confirm({
    title: t('data.import.forgetTitle'), action: t('data.import.forgetAction'),
    about: <T k={running(m, Date.now()) ? 'data.import.forgetRunning' : 'data.import.forgetAbout'} values={{ file: <b key="file"><Plain text={m.file} /></b>, who: <Plain key="who" text={m.by} />, n: m.lines }} />,
    run: () => client.dropImport(m.id).then(() => cache.invalidateQueries({ queryKey: ['data', 'imports'] })),
  })
  return (
    <Stack gap={6} role="region" aria-label={t('data.import.unfinished')}>
      <Text size="sm" fw={600}>{t('data.import.unfinished')}</Text>
      {list.map(m => (
        <div key={m.id} className={css.unfinished} data-import-open={m.id}>
          <div>
            <Text size="sm" component="div" truncate><Plain text={m.file} /></Text>
            <Text size="xs" c="dimmed" component="div"><T k="data.import.linesIn" values={{ n: m.lines, who: <Plain key="who" text={m.by} />, when: <TimeAgo key="when" at={m.changedAt} /> }} /></Text>
            {running(m, now) && <Badge size="sm" variant="light" color="yellow">{t('data.import.running')}</Badge>}
            {other === m.id && <Text size="xs" c="red" role="alert">{t('data.import.otherFile')}</Text>}
          </div>
          <FileButton onChange={f => void choose(m, f)} accept=".jsonl,.ndjson,.json,.csv,.tsv,.tab">
            {props => <Button {...props} size="compact-sm" variant="light" leftSection={<IconPlayerPlay size={14} />}>{t('data.import.goOn')}</Button>}
          </FileButton>
          <Tooltip label={t('data.import.forget')}><ActionIcon variant="subtle" color="gray" onClick={() => forget(m)} aria-label={t('data.import.forget')}><IconX size={15} /></ActionIcon></Tooltip>
        </div>
      ))}
    </Stack>
  )
}

/** Somebody's page may still be sending it. */
const running = (m: client.Import, now: number): boolean => now - Date.parse(m.changedAt) < quiet

function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
