import { lazy, Suspense, useEffect, useState } from 'react'
import { ActionIcon, AppShell, Badge, Box, Burger, Group, Kbd, NavLink, Text, UnstyledButton } from '@mantine/core'
import { useDisclosure, useHotkeys } from '@mantine/hooks'
import { spotlight } from '@mantine/spotlight'
import { IconSearch } from '@tabler/icons-react'
import { Link, useLocation } from 'wouter'
import { useSession } from '../account/session.ts'
import { pages } from '../pages.ts'
import { Plain } from '../parts/Plain.tsx'
import { loadTexts, t } from '../text.ts'
import { Logo } from './Logo.tsx'
import { Routes } from './Routes.tsx'
import { LanguageSwitch, OperatorMenu, SchemeSwitch } from './switches.tsx'

const Palette = lazy(async () => {
  const [{ Palette }] = await Promise.all([import('./Palette.tsx'), loadTexts()])
  return { default: Palette }
})

/** Menu, header and the page. */
export function Shell({ app }: { app: string }) {
  const [opened, { toggle, close }] = useDisclosure(false)
  const [path] = useLocation()
  const dev = useSession().data?.dev ?? false
  const [searched, setSearched] = useState(false) // the palette is loaded when it is first asked for
  const search = () => {
    setSearched(true)
    spotlight.open()
  }
  useHotkeys([['mod+K', search]], [], true)
  useEffect(close, [path, close])
  return (
    <AppShell header={{ height: 52 }} navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !opened } }} padding={{ base: 'sm', sm: 'lg' }}>
      <a className="skip" href="#content">{t('app.skip')}</a>
      <AppShell.Header>
        <Group h="100%" px="md" gap="sm" wrap="nowrap" justify="space-between">
          <Group gap="sm" wrap="nowrap" miw={0}>
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('app.menu')} aria-expanded={opened} />
            <Logo size={26} />
            <Text fw={600} component="div" miw={0} truncate><Plain text={app || 'Hutch'} /></Text>
            {dev && <Badge variant="light" color="orange" size="sm" visibleFrom="xs" tt="none">{t('app.dev')}</Badge>}
          </Group>
          <Group gap={4} wrap="nowrap">
            <UnstyledButton className="search" visibleFrom="sm" onClick={search}>
              <IconSearch size={15} stroke={1.8} />
              <span>{t('palette.open')}</span>
              <Kbd size="xs">{/Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘ K' : 'Ctrl K'}</Kbd>
            </UnstyledButton>
            <ActionIcon hiddenFrom="sm" variant="subtle" color="gray" size="lg" onClick={search} aria-label={t('palette.search')}><IconSearch size={18} stroke={1.6} /></ActionIcon>
            <LanguageSwitch />
            <SchemeSwitch />
            <OperatorMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label={t('app.menu')}>
        {pages.map(({ id, path: to, icon: Icon, text }, i) => {
          const active = path === to || path.startsWith(to + '/') || (i === 0 && path === '/')
          return (
            <NavLink
              key={id} component={Link} href={to} label={t(text)} active={active} className="menu" onClick={close}
              leftSection={<Icon size={18} stroke={1.6} />} {...(active && { 'aria-current': 'page' as const })}
            />
          )
        })}
      </AppShell.Navbar>
      <AppShell.Main>
        <Box id="content" tabIndex={-1}><Routes /></Box>
      </AppShell.Main>
      {searched && <Suspense><Palette /></Suspense>}
    </AppShell>
  )
}
