import { QueryClient } from '@tanstack/react-query'
import { apiError } from './error.ts'

/** Server state lives here only; keys are [page, ...]. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, e) => count < 2 && apiError(e).code === 'unavailable',
      refetchOnWindowFocus: true,
    },
  },
})
