import { Avatar, Menu, Text, UnstyledButton } from '@mantine/core'
import { IconLogout, IconUserCircle } from '@tabler/icons-react'
import { useLocation } from 'wouter'
import { startOver } from '../account/FactorFrame.tsx'
import { useOperator } from '../account/session.ts'
import { Plain } from '../parts/Plain.tsx'
import { t } from '../text.ts'

export function OperatorMenu() {
  const { email } = useOperator()
  const [, navigate] = useLocation()
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <UnstyledButton className="operator" aria-label={t('operator.menu', { email })}>
          <Avatar size={30} color="hutch" radius="xl" alt="">{email.slice(0, 1).toUpperCase()}</Avatar>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('operator.signedInAs')}<Text size="sm" c="bright" fw={500} component="div"><Plain text={email} /></Text></Menu.Label>
        <Menu.Divider />
        <Menu.Item leftSection={<IconUserCircle size={16} />} onClick={() => navigate('/account')}>{t('account.title')}</Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={startOver}>{t('operator.signOut')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
