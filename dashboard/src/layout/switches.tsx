import { cloneElement, lazy, Suspense, useState, type ComponentType, type ReactElement } from 'react'
import { ActionIcon, Avatar, UnstyledButton, useMantineColorScheme, type MantineColorScheme } from '@mantine/core'
import { IconDeviceDesktop, IconLanguage, IconMoon, IconSun } from '@tabler/icons-react'
import { useOperator } from '../account/session.ts'
import { t, type Key } from '../text.ts'
import type { MenuProps } from './menus.tsx'

export const schemes: { value: MantineColorScheme; icon: typeof IconSun; text: Key }[] = [
  { value: 'auto', icon: IconDeviceDesktop, text: 'scheme.auto' },
  { value: 'light', icon: IconSun, text: 'scheme.light' },
  { value: 'dark', icon: IconMoon, text: 'scheme.dark' },
]

const menus = () => import('./menus.tsx')
const SchemeMenu = lazy(async () => ({ default: (await menus()).SchemeMenu }))
const LanguageMenu = lazy(async () => ({ default: (await menus()).LanguageMenu }))
const AccountMenu = lazy(async () => ({ default: (await menus()).AccountMenu }))

/** A button whose menu is loaded when somebody comes near it, and opens when it is pressed. */
function OnDemand({ face, menu: Menu }: { face: ReactElement<React.ComponentProps<'button'>>; menu: ComponentType<MenuProps> }) {
  const [asked, setAsked] = useState(false)
  const button = cloneElement(face, { 'aria-haspopup': 'menu', onClick: () => setAsked(true), onPointerEnter: () => void menus(), onFocus: () => void menus() })
  return asked ? <Suspense fallback={button}><Menu face={face} /></Suspense> : button
}

/** As the system, light or dark. */
export function SchemeSwitch() {
  const { colorScheme } = useMantineColorScheme()
  const Now = schemes.find(s => s.value === colorScheme)?.icon ?? IconDeviceDesktop
  return <OnDemand menu={SchemeMenu} face={<ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('scheme.title')}><Now size={18} stroke={1.6} /></ActionIcon>} />
}

export function LanguageSwitch() {
  return <OnDemand menu={LanguageMenu} face={<ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('language.title')}><IconLanguage size={18} stroke={1.6} /></ActionIcon>} />
}

export function OperatorMenu() {
  const { email } = useOperator()
  return (
    <OnDemand
      menu={AccountMenu}
      face={<UnstyledButton className="operator" aria-label={t('operator.menu', { email })}><Avatar size={30} color="hutch" radius="xl" alt="">{email.slice(0, 1).toUpperCase()}</Avatar></UnstyledButton>}
    />
  )
}
