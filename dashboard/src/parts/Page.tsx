import { useEffect, type ReactNode } from 'react'
import { Box, Group, Stack, Text, Title } from '@mantine/core'
import { t, type Key } from '../text.ts'

interface Props {
  title: Key
  /** One line under the title. */
  about?: ReactNode
  /** Buttons at the right of the title. */
  actions?: ReactNode
  /** The content scrolls by itself and fills the window: tables, editors. */
  fill?: boolean
  children: ReactNode
}

/** The frame of each page: title, actions, content. */
export function Page({ title, about, actions, fill = false, children }: Props) {
  const text = t(title)
  useEffect(() => {
    document.title = `${text} · ${t('app.name')}`
  }, [text])
  return (
    <Stack gap="md" className={fill ? 'page page-fill' : 'page'}>
      <Group justify="space-between" align="flex-start" wrap="wrap" gap="sm">
        <Box miw={0}>
          <Title order={1}>{text}</Title>
          {about && <Text c="dimmed" size="sm" mt={2}>{about}</Text>}
        </Box>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  )
}
