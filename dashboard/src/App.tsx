import { MantineProvider } from '@mantine/core'
import { ModalsRoot } from './parts/Confirm.tsx'
import { ProofRoot } from './account/ProofRoot.tsx'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { Router } from 'wouter'
import { queries } from './api/queries.ts'
import { Gate } from './account/Gate.tsx'
import { aroundNavigation, useGuardedLocation } from './parts/unsaved.ts'
import { useLanguage } from './text.ts'
import { theme, variables } from './theme.ts'

/** When the language changes all of it renders again, and keeps its state. */
export function App() {
  useLanguage()
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <Notifications position="bottom-right" />
        <Router base="/_" hook={useGuardedLocation} aroundNav={aroundNavigation}>
          <Gate />
          <ModalsRoot />
          <ProofRoot />
        </Router>
      </QueryClientProvider>
    </MantineProvider>
  )
}
