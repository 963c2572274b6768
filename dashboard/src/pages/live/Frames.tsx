import { useEffect, useRef, useState } from 'react'
import { UnstyledButton } from '@mantine/core'
import { IconArrowDownLeft, IconArrowUpRight } from '@tabler/icons-react'
import { Plain } from '../../parts/Plain.tsx'
import { t } from '../../text.ts'
import css from './live.module.css'
import type { Frame } from './useConsole.ts'
import { pretty } from './pretty.ts'

/** The frames as they came, the newest last; one that is opened shows its JSON. */
export function Frames({ frames, follow }: { frames: Frame[]; follow: boolean }) {
  const list = useRef<HTMLUListElement>(null)
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set())
  useEffect(() => {
    if (follow && open.size === 0) list.current?.scrollTo({ top: list.current.scrollHeight })
  }, [frames, follow, open])
  const toggle = (n: number) => setOpen(old => {
    const next = new Set(old)
    if (!next.delete(n)) next.add(n)
    return next
  })
  return (
    <ul className={css.list} ref={list} aria-label={t('live.frames')} tabIndex={0}>
      {frames.map(f => (
        <li key={f.n} className={css.frame}>
          <UnstyledButton className={css.head as string} onClick={() => toggle(f.n)} aria-expanded={open.has(f.n)}>
            <span className={css.time}>{clock(f.at)}</span>
            {f.sent
              ? <span className={css.sent} title={t('live.sent')}><IconArrowUpRight size={14} aria-label={t('live.sent')} /></span>
              : <span className={css.got} title={t('live.got')}><IconArrowDownLeft size={14} aria-label={t('live.got')} /></span>}
            <span className={css.kind}><Plain text={f.t || '?'} /></span>
            <span className={css.about}><Plain text={about(f)} max={200} /></span>
            <span className={css.time}>{t('live.bytes', { n: f.text.length })}</span>
          </UnstyledButton>
          {open.has(f.n) && <pre className={css.json} tabIndex={0}><Plain text={pretty(f.text)} wrap max={100_000} /></pre>}
        </li>
      ))}
    </ul>
  )
}

const clock = (ms: number) => new Date(ms).toISOString().slice(11, 23)

/** A frame in a line: what of it tells the most. */
function about(f: Frame): string {
  let v: Record<string, unknown>
  try {
    v = JSON.parse(f.text) as Record<string, unknown>
  } catch {
    return f.text
  }
  const list = (key: string) => Array.isArray(v[key]) ? v[key] as Record<string, unknown>[] : []
  switch (f.t) {
    case 'snap': return [String(v.v), t('live.frame.docs', { n: list('docs').length }), v.more === true ? t('live.frame.more') : ''].filter(Boolean).join(' · ')
    case 'delta': return `${String(v.v)} · ${list('ch').map(c => `${String(c.op)} ${String((c.doc as { _id?: unknown } | undefined)?._id ?? c.id)}`).join(', ')}`
    case 'end': case 'error': return `${String(v.code)} · ${String(v.message)}`
    case 'welcome': return [String(v.v), typeof v.uid === 'string' && v.uid !== '' ? t('live.frame.user', { id: v.uid }) : t('who.guest')].join(' · ')
    case 'reset': return String(v.why)
    case 'sub': case 'hello': return JSON.stringify(v.query ?? { as: v.as })
    default: return f.text
  }
}
