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
  load: () => Promise<{ default: ComponentType }>
}

/** The one list of pages, in the order of the menu: it feeds menu, routes, palette and tests. */
export const pages: PageRow[] = [
  { id: 'overview', path: '/overview', icon: IconActivity, text: 'overview.title', load: () => import('./pages/overview/index.tsx') },
  { id: 'data', path: '/data', icon: IconDatabase, text: 'data.title', load: () => import('./pages/data/index.tsx') },
  { id: 'users', path: '/users', icon: IconUsers, text: 'users.title', load: () => import('./pages/users/index.tsx') },
  { id: 'functions', path: '/functions', icon: IconCode, text: 'functions.title', load: () => import('./pages/functions/index.tsx') },
  { id: 'live', path: '/live', icon: IconBroadcast, text: 'live.title', load: () => import('./pages/live/index.tsx') },
  { id: 'rules', path: '/rules', icon: IconShieldLock, text: 'rules.title', load: () => import('./pages/rules/index.tsx') },
  { id: 'logs', path: '/logs', icon: IconListSearch, text: 'logs.title', load: () => import('./pages/logs/index.tsx') },
  { id: 'settings', path: '/settings', icon: IconSettings, text: 'settings.title', load: () => import('./pages/settings/index.tsx') },
]
