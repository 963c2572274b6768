import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { Alert, Badge, Button, Group, Text } from '@mantine/core'
import { IconPlayerPause, IconPlayerPlay, IconPlayerStop, IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { get } from '../../api/api.ts'
import { CodeEdit } from '../../parts/Code.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { T } from '../../parts/Text.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { guest, usePersonName, WhoPicker } from '../../parts/WhoPicker.tsx'
import { t, useLanguage, type Key } from '../../text.ts'
import { lintDoc } from '../data/document/lint.ts'
import { Frames } from './Frames.tsx'
import css from './live.module.css'
import { useConsole, type ConsoleState, type Frame, type Ran } from './useConsole.ts'
import { pretty } from './pretty.ts'

const states: Record<ConsoleState, { text: Key; color: string }> = {
  off: { text: 'live.state.off', color: 'gray' }, connecting: { text: 'live.state.connecting', color: 'yellow' },
  live: { text: 'live.state.live', color: 'teal' }, over: { text: 'live.state.over', color: 'gray' },
}
const words = ['from', 'where', 'orderBy', 'limit', 'select', '$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$and', '$or', '$exists', '$contains', '$startsWith']

/** Subscribes to a query as anybody and shows the frames. */
export function Console() {
  const collections = useQuery({ queryKey: ['live', 'collections'], queryFn: ({ signal }) => get<{ collections: { name: string }[] }>('/admin/v1/collections', undefined, signal), staleTime: 60_000 })
  const names = useMemo(() => collections.data?.collections.map(c => c.name) ?? [], [collections.data])
  const c = useConsole()
  const [chosen, setAs] = useUrlState('as')
  const as = chosen || (c.ran?.as ?? guest)
  const [saved, setSaved] = useUrlState('query')
  const [typed, setTyped] = useState<string>()
  const text = typed ?? (saved ? pretty(saved) : JSON.stringify(c.ran?.query ?? { from: names[0] ?? '', limit: 20 }, null, 2))
  const ran = useRef(saved)
  useEffect(() => { // a link brought another query
    if (saved === '' || saved === ran.current) return
    setTyped(undefined)
    ran.current = saved
  }, [saved])
  const [paused, setPaused] = useState<Frame[]>()
  const language = useLanguage()
  const problems = useMemo(() => lintDoc(text, undefined), [text, language])
  const complete = useCallback((word: string, before: string) => (/"from"\s*:\s*"?$/.test(before) ? names : [...words, ...names])
    .filter(w => w.startsWith(word)).map(label => ({ label, type: names.includes(label) ? 'class' : 'keyword' })), [names])
  const run = () => {
    if (problems.length > 0) return
    const query = JSON.parse(text) as object
    setPaused(undefined)
    ran.current = JSON.stringify(query)
    setSaved(ran.current, { replace: true })
    c.start(as === guest ? null : as, query)
  }
  const shown = paused ?? c.frames
  const running = c.state === 'live' || c.state === 'connecting'
  return (
    <div className={css.console}>
      <div className={css.ask}>
        <WhoPicker label={t('live.as')} value={as} onChange={who => setAs(who)} />
        <div>
          <Text size="xs" fw={500} mb={4}>{t('live.query')}</Text>
          <CodeEdit label={t('live.query')} language="json" value={text} onChange={setTyped} onSubmit={run} problems={problems} complete={complete} height={190} wrap />
        </div>
        <Group gap="xs">
          <Button size="xs" leftSection={<IconPlayerPlay size={14} />} onClick={run} disabled={problems.length > 0}>{t(running ? 'live.again' : 'live.subscribe')}</Button>
          <Button size="xs" variant="default" leftSection={<IconPlayerStop size={14} />} onClick={c.stop} disabled={!running}>{t('live.stop')}</Button>
        </Group>
        {c.why && <Alert color="red" p="xs" role="alert"><Plain text={c.why} wrap max={600} /></Alert>}
        <Text size="xs" c="dimmed">{t('live.consoleAbout')}</Text>
      </div>
      <section className={css.frames} aria-label={t('live.frames')}>
        <Group className={css.bar as string} gap="xs" justify="space-between">
          <Group gap="xs">
            <Badge size="sm" variant="light" color={states[c.state].color}>{t(states[c.state].text)}</Badge>
            <Text size="xs" c="dimmed" className="tabular">{t('live.frameCount', { n: shown.length })}</Text>
          </Group>
          <Group gap={4}>
            <Button size="compact-xs" variant={paused ? 'light' : 'subtle'} leftSection={paused ? <IconPlayerPlay size={13} /> : <IconPlayerPause size={13} />} onClick={() => setPaused(paused ? undefined : c.frames)} disabled={shown.length === 0}>{t(paused ? 'live.resume' : 'live.pause')}</Button>
            <Button size="compact-xs" variant="subtle" leftSection={<IconTrash size={13} />} disabled={shown.length === 0} onClick={() => { setPaused(undefined); c.clear() }}>{t('live.clear')}</Button>
          </Group>
        </Group>
        {c.ran && <Following ran={c.ran} />}
        {shown.length === 0
          ? <Text size="sm" c="dimmed" p="xl" ta="center">{t('live.noFrames')}</Text>
          : <Frames frames={shown} follow={!paused} />}
      </section>
    </div>
  )
}

/** Whose frames these are, and of what: the fields beside them may hold something else by now. */
function Following({ ran }: { ran: Ran }) {
  const name = usePersonName(ran.as ?? '')
  return (
    <Text size="xs" c="dimmed" component="div" className={css.bar as string}>
      <T k="live.ran" values={{ who: <Plain key="who" text={ran.as === null ? t('who.notSignedIn') : name} />, query: <Plain key="query" text={JSON.stringify(ran.query)} mono /> }} />
    </Text>
  )
}
