import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { get } from '../api/api.ts'
import { Plain } from './Plain.tsx'

const operators = (signal: AbortSignal) => get<{ operators: { id: string; email: string }[] }>('/admin/v1/operators', undefined, signal)

/** The addresses of operators, by id, in one request for all that shows any. */
export function useOperators(): Map<string, string> {
  const staff = useQuery({ queryKey: ['settings', 'operators'], queryFn: ({ signal }) => operators(signal), staleTime: 60_000, retryOnMount: false })
  return new Map(staff.data?.operators.map(o => [o.id, o.email]))
}

/** An operator by their address, in full with the id; by the id where they are none any more. */
export function OperatorName({ id, full = false }: { id: string; full?: boolean }) {
  const email = useOperators().get(id)
  return (
    <span title={id}>
      <Plain text={email ?? id} mono={email === undefined} />
      {full && email !== undefined && <> <Text span size="xs" c="dimmed"><Plain text={id} mono /></Text></>}
    </span>
  )
}
