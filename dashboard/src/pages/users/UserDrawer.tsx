import { Group, Tabs, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Drawer } from '../../parts/Drawer.tsx'
import { Plain } from '../../parts/Plain.tsx'
import { Failed, Loading, Stale } from '../../parts/states.tsx'
import { useUrlState } from '../../parts/useUrlState.ts'
import { t } from '../../text.ts'
import { Access } from './Access.tsx'
import { Acts } from './Acts.tsx'
import { label, one, type User } from './api.ts'
import { Metadata } from './Metadata.tsx'
import { Profile } from './Profile.tsx'
import { Status } from './Status.tsx'
import { Trail } from './Trail.tsx'
import css from './users.module.css'

/** All about one user, beside the list. */
export function UserDrawer({ id, close }: { id: string; close: () => void }) {
  const narrow = useMediaQuery('(max-width: 48em)')
  const found = useQuery({ queryKey: ['users', 'one', id], queryFn: ({ signal }) => one(id, signal), retry: false })
  return (
    <Drawer
      opened onClose={close} position="right" size={narrow ? '100%' : 620} overlayProps={{ backgroundOpacity: 0.15 }} lockScroll={false} closeButtonProps={{ 'aria-label': t('action.close') }}
      classNames={{ content: css.content as string, body: css.body as string }}
      title={found.data ? <Title user={found.data} /> : <Plain text={id} mono />}
    >
      <Stale of={found} />
      {found.isPending ? <Loading /> : found.isLoadingError ? <Failed error={found.error} retry={found.refetch} /> : <Body user={found.data} close={close} />}
    </Drawer>
  )
}

function Title({ user }: { user: User }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <Text fw={600} component="div" miw={0} maw={380}><Plain text={label(user)} /></Text>
      <Status user={user} />
    </Group>
  )
}

function Body({ user, close }: { user: User; close: () => void }) {
  const [tab, setTab] = useUrlState('tab', 'profile')
  return (
    <Tabs value={tab} onChange={v => setTab(v ?? 'profile', { replace: true })} keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="profile">{t('users.tab.profile')}</Tabs.Tab>
        <Tabs.Tab value="access">{t('users.tab.access')}</Tabs.Tab>
        <Tabs.Tab value="data">{t('users.tab.data')}</Tabs.Tab>
        <Tabs.Tab value="audit">{t('users.tab.audit')}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="profile" className={css.panel as string}><Profile user={user} /><Acts user={user} close={close} /></Tabs.Panel>
      <Tabs.Panel value="access" className={css.panel as string}><Access user={user} /></Tabs.Panel>
      <Tabs.Panel value="data" className={css.panel as string}><Metadata key={user.id} user={user} /></Tabs.Panel>
      <Tabs.Panel value="audit" className={css.panel as string}><Trail user={user} /></Tabs.Panel>
    </Tabs>
  )
}
