import { ActionIcon, Menu, useMantineColorScheme, type MantineColorScheme } from '@mantine/core'
import { IconCheck, IconDeviceDesktop, IconLanguage, IconMoon, IconSun } from '@tabler/icons-react'
import { notifyError } from '../parts/notify.tsx'
import { currentLanguage, languages, setLanguage, t, type Key, type Language } from '../text.ts'

const schemes: { value: MantineColorScheme; icon: typeof IconSun; text: Key }[] = [
  { value: 'auto', icon: IconDeviceDesktop, text: 'scheme.auto' },
  { value: 'light', icon: IconSun, text: 'scheme.light' },
  { value: 'dark', icon: IconMoon, text: 'scheme.dark' },
]

/** As the system, light or dark. */
export function SchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const Now = schemes.find(s => s.value === colorScheme)?.icon ?? IconDeviceDesktop
  return (
    <Menu position="bottom-end" width={160}>
      <Menu.Target><ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('scheme.title')}><Now size={18} stroke={1.6} /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        {schemes.map(({ value, icon: Icon, text }) => (
          <Menu.Item key={value} leftSection={<Icon size={16} />} rightSection={value === colorScheme && <IconCheck size={14} />} onClick={() => setColorScheme(value)}>{t(text)}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

export function LanguageSwitch() {
  return (
    <Menu position="bottom-end" width={160}>
      <Menu.Target><ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('language.title')}><IconLanguage size={18} stroke={1.6} /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        {Object.entries(languages).map(([of, name]) => (
          <Menu.Item key={of} lang={of} rightSection={of === currentLanguage() && <IconCheck size={14} />} onClick={() => void setLanguage(of as Language).catch(notifyError)}>{name}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
