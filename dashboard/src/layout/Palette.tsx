import { useMantineColorScheme } from '@mantine/core'
import { Spotlight, type SpotlightActionData, type SpotlightActionGroupData } from '@mantine/spotlight'
import { IconLanguage, IconMoon, IconSearch, IconSun, IconUserCircle, type Icon } from '@tabler/icons-react'
import { useLocation } from 'wouter'
import { pages } from '../pages.ts'
import { currentLanguage, setLanguage, t } from '../text.ts'
import { useOffered } from './actions.ts'

const icon = (Icon: Icon) => <Icon size={18} stroke={1.6} />

/** Everything by typing: pages, what the page on screen offers, switches. */
export function Palette() {
  const [, navigate] = useLocation()
  const { setColorScheme } = useMantineColorScheme()
  const offered = useOffered()
  const here: SpotlightActionData[] = offered.map(a => ({
    id: a.id, label: a.label, onClick: a.run,
    ...(a.description && { description: a.description }), ...(a.icon && { leftSection: icon(a.icon) }), ...(a.keywords && { keywords: a.keywords }),
  }))
  const there: SpotlightActionData[] = pages.map(p => ({ id: 'page-' + p.id, label: t(p.text), keywords: [p.id], leftSection: icon(p.icon), onClick: () => navigate(p.path) }))
  there.push({ id: 'page-account', label: t('account.title'), leftSection: icon(IconUserCircle), onClick: () => navigate('/account') })
  const app: SpotlightActionData[] = [
    { id: 'dark', label: t('palette.dark'), leftSection: icon(IconMoon), onClick: () => setColorScheme('dark') },
    { id: 'light', label: t('palette.light'), leftSection: icon(IconSun), onClick: () => setColorScheme('light') },
    { id: 'language', label: t('palette.language'), keywords: ['한국어', 'english', '영어', 'korean'], leftSection: icon(IconLanguage), onClick: () => void setLanguage(currentLanguage() === 'ko' ? 'en' : 'ko') },
  ]
  const groups: SpotlightActionGroupData[] = [
    { group: t('palette.here'), actions: here },
    { group: t('palette.pages'), actions: there },
    { group: t('palette.app'), actions: app },
  ].filter(g => g.actions.length > 0)
  return (
    <Spotlight
      attributes={{ content: { 'aria-label': t('palette.search') } }} actions={groups} shortcut={['mod + K']} nothingFound={t('palette.nothing')} highlightQuery scrollable maxHeight={420} limit={40}
      searchProps={{ leftSection: <IconSearch size={18} />, placeholder: t('palette.search'), 'aria-label': t('palette.search') }}
    />
  )
}
