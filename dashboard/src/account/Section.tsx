import type { ReactNode } from 'react'
import { Box, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { t, type Key } from '../text.ts'

/** A titled card of the account page. */
export function Section({ title, about, action, children }: { title: Key; about: Key; action?: ReactNode; children?: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section">
      <Stack gap="md">
        <Group justify="space-between" align="flex-start" gap="sm">
          <Box miw={0} flex="1 1 220px">
            <Title order={2}>{t(title)}</Title>
            <Text size="sm" c="dimmed">{t(about)}</Text>
          </Box>
          {action}
        </Group>
        {children}
      </Stack>
    </Paper>
  )
}
