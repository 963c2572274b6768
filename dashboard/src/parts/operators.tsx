import { useQuery } from '@tanstack/react-query'
import { get } from '../api/api.ts'
import { Plain } from './Plain.tsx'

const operators = (signal: AbortSignal) => get<{ operators: { id: string; email: string }[] }>('/admin/v1/operators', undefined, signal)

/** The addresses of operators, by id, in one request for all that shows any. */
export function useOperators(): Map<string, string> {
  const staff = useQuery({ queryKey: ['users', 'operators'], queryFn: ({ signal }) => operators(signal), staleTime: 60_000 })
  return new Map(staff.data?.operators.map(o => [o.id, o.email]))
}

/** An operator by their address; by the id where they are none any more. */
export function OperatorName({ id }: { id: string }) {
  const email = useOperators().get(id)
  return <span title={id}><Plain text={email ?? id} mono={email === undefined} /></span>
}
