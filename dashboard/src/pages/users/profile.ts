import { useQuery } from '@tanstack/react-query'
import { get } from '../../api/api.ts'

interface View { values: { path: string; value: string }[] }

/** The collection that holds a document of each account; '' where there is none. */
export function useProfile(): string {
  const found = useQuery({ queryKey: ['settings', 'config'], queryFn: ({ signal }) => get<View>('/admin/v1/config', undefined, signal), staleTime: 60_000 })
  const value = found.data?.values.find(v => v.path === 'auth.profile.collection')?.value ?? ''
  return value === 'REDACTED' ? '' : value
}
