import { useSyncExternalStore } from 'react'
import { MantineProvider } from '@mantine/core'
import { ModalsRoot } from './parts/Confirm.tsx'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { Router } from 'wouter'
import { queries } from './api/queries.ts'
import { Gate } from './account/Gate.tsx'
import { currentLanguage, onLanguage } from './text.ts'
import { theme, variables } from './theme.ts'

/** All is drawn anew when the language changes. */
export function App() {
  const language = useSyncExternalStore(onLanguage, currentLanguage)
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <Notifications position="bottom-right" />
        <Router base="/_" key={language}>
          <Gate />
          <ModalsRoot />
        </Router>
      </QueryClientProvider>
    </MantineProvider>
  )
}
