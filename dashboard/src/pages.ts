import type { ComponentType } from 'react'
import { IconActivity, IconBroadcast, IconCode, IconDatabase, IconListSearch, IconSettings, IconShieldLock, IconUsers, type Icon } from '@tabler/icons-react'
import type { Key } from './text.ts'

export interface PageRow {
  /** The folder under src/pages. */
  id: string
  /** Under /_; the first of the list also answers /. */
  path: string
  icon: Icon
  text: Key
  /** What the palette offers of it from anywhere: links into the page. */
  acts: { text: Key; to: string }[]
  load: () => Promise<{ default: ComponentType }>
}

/** The one list of pages, in the order of the menu: it feeds menu, routes, palette and tests. */
export const pages: PageRow[] = [
  {
    id: 'overview', path: '/overview', icon: IconActivity, text: 'overview.title', load: () => import('./pages/overview/index.tsx'),
    acts: [],
  },
  {
    id: 'data', path: '/data', icon: IconDatabase, text: 'data.title', load: () => import('./pages/data/index.tsx'),
    acts: [],
  },
  {
    id: 'users', path: '/users', icon: IconUsers, text: 'users.title', load: () => import('./pages/users/index.tsx'),
    acts: [{ text: 'users.create', to: '/users?do=create' }, { text: 'users.inviteUser', to: '/users?do=invite' }],
  },
  {
    id: 'functions', path: '/functions', icon: IconCode, text: 'functions.title', load: () => import('./pages/functions/index.tsx'),
    acts: [],
  },
  {
    id: 'live', path: '/live', icon: IconBroadcast, text: 'live.title', load: () => import('./pages/live/index.tsx'),
    acts: [{ text: 'palette.console', to: '/live?tab=console' }, { text: 'palette.slow', to: '/live?slow=1' }, { text: 'palette.groups', to: '/live?tab=groups' }],
  },
  {
    id: 'rules', path: '/rules', icon: IconShieldLock, text: 'rules.title', load: () => import('./pages/rules/index.tsx'),
    acts: [{ text: 'rules.playground', to: '/rules' }],
  },
  {
    id: 'logs', path: '/logs', icon: IconListSearch, text: 'logs.title', load: () => import('./pages/logs/index.tsx'),
    acts: [{ text: 'palette.errors', to: '/logs?level=error' }, { text: 'palette.tail', to: '/logs?live=1' }, { text: 'palette.audit', to: '/logs?kind=audit' }],
  },
  {
    id: 'settings', path: '/settings', icon: IconSettings, text: 'settings.title', load: () => import('./pages/settings/index.tsx'),
    acts: [
      { text: 'settings.keyMake', to: '/settings?tab=keys&do=key' }, { text: 'settings.opInvite', to: '/settings?tab=operators&do=invite' }, { text: 'palette.rotate', to: '/settings?tab=signing&do=rotate' },
      { text: 'palette.mail', to: '/settings?tab=mail' }, { text: 'palette.licences', to: '/settings?tab=about' },
    ],
  },
]
