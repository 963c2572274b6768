import { cloneElement, useRef, type ReactElement, type ReactNode } from 'react'
import { Menu, Text, useMantineColorScheme } from '@mantine/core'
import { IconCheck, IconLogout, IconUserCircle } from '@tabler/icons-react'
import { useLocation } from 'wouter'
import { startOver } from '../account/FactorFrame.tsx'
import { useOperator } from '../account/session.ts'
import { notifyError } from '../parts/notify.tsx'
import { Plain } from '../parts/Plain.tsx'
import { currentLanguage, languages, setLanguage, t, type Language } from '../text.ts'
import { schemes } from './switches.tsx'

export interface MenuProps { face: ReactElement<React.ComponentProps<'button'>> }

/** A menu of the header, open as it comes; its button has the focus again when it closes. */
function HeaderMenu({ face, width = 160, children }: MenuProps & { width?: number; children: ReactNode }) {
  const button = useRef<HTMLButtonElement>(null)
  return (
    <Menu defaultOpened position="bottom-end" width={width} onClose={() => button.current?.focus()}>
      <Menu.Target>{cloneElement(face, { ref: button })}</Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  )
}

export function SchemeMenu({ face }: MenuProps) {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <HeaderMenu face={face}>
      {schemes.map(({ value, icon: Icon, text }) => (
        <Menu.Item key={value} leftSection={<Icon size={16} />} rightSection={value === colorScheme && <IconCheck size={14} />} onClick={() => setColorScheme(value)}>{t(text)}</Menu.Item>
      ))}
    </HeaderMenu>
  )
}

export function LanguageMenu({ face }: MenuProps) {
  return (
    <HeaderMenu face={face}>
      {Object.entries(languages).map(([of, name]) => (
        <Menu.Item key={of} lang={of} rightSection={of === currentLanguage() && <IconCheck size={14} />} onClick={() => void setLanguage(of as Language).catch(notifyError)}>{name}</Menu.Item>
      ))}
    </HeaderMenu>
  )
}

export function AccountMenu({ face }: MenuProps) {
  const { email } = useOperator()
  const [, navigate] = useLocation()
  return (
    <HeaderMenu face={face} width={220}>
      <Menu.Label>{t('operator.signedInAs')}<Text size="sm" c="bright" fw={500} component="div"><Plain text={email} /></Text></Menu.Label>
      <Menu.Divider />
      <Menu.Item leftSection={<IconUserCircle size={16} />} onClick={() => navigate('/account')}>{t('account.title')}</Menu.Item>
      <Menu.Item leftSection={<IconLogout size={16} />} onClick={startOver}>{t('operator.signOut')}</Menu.Item>
    </HeaderMenu>
  )
}
