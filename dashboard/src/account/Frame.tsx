import type { ReactNode } from 'react'
import { Box, Center, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { Logo } from '../layout/Logo.tsx'
import { LanguageSwitch, SchemeSwitch } from '../layout/switches.tsx'

/** The card of all pages before the sign-in. */
export function Frame({ title, about, children }: { title: string; about?: ReactNode; children: ReactNode }) {
  return (
    <Center component="main" mih="100dvh" p="md" className="gate">
      <Box w="100%" maw={400}>
        <Group justify="center" mb="lg"><Logo size={40} /></Group>
        <Paper withBorder p="xl" radius="md" shadow="sm">
          <Stack gap="md">
            <Box>
              <Title order={1}>{title}</Title>
              {about && <Text size="sm" c="dimmed" mt={4} component="div">{about}</Text>}
            </Box>
            {children}
          </Stack>
        </Paper>
        <Group justify="center" mt="md" gap="xs"><LanguageSwitch /><SchemeSwitch /></Group>
      </Box>
    </Center>
  )
}
