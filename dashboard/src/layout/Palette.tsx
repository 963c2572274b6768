import { useMemo, useState } from 'react'
import { useMantineColorScheme } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { Spotlight, spotlight, type SpotlightActionData, type SpotlightActionGroupData } from '@mantine/spotlight'
import { IconArrowRight, IconCode, IconDeviceDesktop, IconLanguage, IconLogout, IconMoon, IconPlayerPlay, IconPlus, IconSearch, IconSun, IconTable, IconUpload, IconUser, IconUserCircle, type Icon } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useLocation } from 'wouter'
import { get } from '../api/api.ts'
import { startOver } from '../account/FactorFrame.tsx'
import { pages } from '../pages.ts'
import { notifyError } from '../parts/notify.tsx'
import { useOverlay } from '../parts/overlays.ts'
import { currentLanguage, setLanguage, t } from '../text.ts'
import { useOffered } from './actions.ts'
import { Found, labelled, labelText, type Label } from './Found.tsx'

interface Named { name: string }
interface Fn extends Named { trigger: { kind: string } }
interface Person { id: string; email?: string }

const most = 40 // that are shown at once
const link = (path: string, query: Record<string, string>) => path + '?' + new URLSearchParams(query).toString()

/**
 * Everything by typing: what the page on screen offers, pages and what can be
 * done there, collections, functions, users, switches. What leads elsewhere is a
 * link of its page.
 */
export function Palette() {
  const [, navigate] = useLocation()
  const { setColorScheme } = useMantineColorScheme()
  const offered = useOffered()
  const [typed, setTyped] = useState('')
  const [open, setOpen] = useState(true)
  useOverlay(open, spotlight.close)
  const q = typed.trim()
  const app = useApp(open, q)

  const row = (id: string, label: string | Label, icon: Icon, run: () => unknown, more: Partial<SpotlightActionData> = {}): SpotlightActionData => {
    const named = typeof label === 'string' ? [label] : label
    return { id, label: labelText(named), children: <Found icon={icon} label={named} description={more.description} query={q} />, onClick: () => void run(), ...more }
  }
  const to = (id: string, label: string | Label, icon: Icon, path: string, more: Partial<SpotlightActionData> = {}) => row(id, label, icon, () => navigate(path), more)
  const here = offered.map(a => row('here-' + a.id, a.label, a.icon ?? IconArrowRight, a.run, { ...(a.description && { description: a.description }), ...(a.keywords && { keywords: a.keywords }) }))
  const there = pages.map(p => to('page-' + p.id, t(p.text), p.icon, p.path, { keywords: [p.id] }))
  there.push(to('page-account', t('account.title'), IconUserCircle, '/account'))
  const acts = pages.flatMap(p => p.acts.map(a => to('act-' + a.to, t(a.text), p.icon, a.to, { description: t(p.text) })))
  const collections = app.collections.flatMap(({ name }) => [
    to('in-' + name, [{ name }], IconTable, link('/data', { in: name }), { description: t('palette.collection') }),
    to('new-' + name, labelled('palette.newIn', { name }), IconPlus, link('/data', { in: name, doc: '+' })),
    to('import-' + name, labelled('data.import.into', { name }), IconUpload, link('/data', { in: name, panel: 'import' })),
  ])
  const functions = app.functions.flatMap(({ name, trigger }) => [
    to('fn-' + name, [{ name }], IconCode, link('/functions', { fn: name }), { description: t('palette.function') }),
    ...['call', 'http'].includes(trigger.kind) ? [to('call-' + name, labelled('palette.callOf', { name }), IconPlayerPlay, link('/functions', { fn: name, tab: 'call' }))] : [],
  ])
  const users = app.users.map(u => to('user-' + u.id, [{ name: u.email || u.id }], IconUser, link('/users', { user: u.id }), { keywords: [q, u.id], description: t('users.user') }))
  if (q !== '') users.push(to('users', labelled('palette.findUsers', { q }), IconSearch, link('/users', { q }), { keywords: [q] }))
  const switches = [
    row('dark', t('palette.dark'), IconMoon, () => setColorScheme('dark'), { keywords: [t('scheme.title')] }),
    row('light', t('palette.light'), IconSun, () => setColorScheme('light'), { keywords: [t('scheme.title')] }),
    row('auto', t('palette.auto'), IconDeviceDesktop, () => setColorScheme('auto'), { keywords: [t('scheme.title')] }),
    row('language', t('palette.language'), IconLanguage, () => setLanguage(currentLanguage() === 'ko' ? 'en' : 'ko').catch(notifyError), { lang: currentLanguage() === 'ko' ? 'en' : 'ko', keywords: ['한국어', 'english', '영어', 'korean', t('language.title')] }),
    row('sign-out', t('operator.signOut'), IconLogout, startOver),
  ]
  const long = q === '' ? [] : [ // with nothing typed they would bury the rest
    { group: t('palette.acts'), actions: acts },
    { group: t('data.collections'), actions: collections },
    { group: t('functions.title'), actions: functions },
  ]
  const groups: SpotlightActionGroupData[] = [{ group: t('palette.here'), actions: here }, { group: t('palette.pages'), actions: there }, ...long, { group: t('palette.app'), actions: switches }, { group: t('users.title'), actions: users }]
    .filter(g => g.actions.length > 0)
  return (
    <Spotlight
      attributes={{ content: { 'aria-label': t('palette.search') } }} actions={groups} shortcut={null} nothingFound={t('palette.nothing')} scrollable maxHeight={420} limit={most}
      closeOnEscape={false} query={typed} onQueryChange={setTyped} onSpotlightOpen={() => setOpen(true)} onSpotlightClose={() => setOpen(false)}
      searchProps={{ leftSection: <IconSearch size={18} />, placeholder: t('palette.search'), 'aria-label': t('palette.search') }}
    />
  )
}

/** What of the app can be found; asked for while the palette is open. A part that cannot be had is left out. */
function useApp(open: boolean, q: string) {
  const rest = { enabled: open, staleTime: 30_000, retry: false }
  const collections = useQuery({ queryKey: ['data', 'collections'], queryFn: ({ signal }) => get<{ collections: Named[] }>('/admin/v1/collections', undefined, signal), ...rest })
  const functions = useQuery({ queryKey: ['functions'], queryFn: ({ signal }) => get<{ functions: Fn[] }>('/admin/v1/functions', undefined, signal), ...rest })
  const [asked] = useDebouncedValue(q, 200)
  const users = useQuery({ queryKey: ['who', asked], queryFn: ({ signal }) => get<{ users: Person[] }>('/admin/v1/auth/users', { filter: asked, per_page: 10 }, signal), ...rest, enabled: open && asked.length > 1 })
  return useMemo(() => ({ collections: collections.data?.collections ?? [], functions: functions.data?.functions ?? [], users: asked === q ? users.data?.users.slice(0, 6) ?? [] : [] }), [collections.data, functions.data, users.data, asked, q])
}
