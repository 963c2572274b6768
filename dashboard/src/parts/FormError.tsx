import { Alert } from '@mantine/core'
import { IconAlertCircle } from '@tabler/icons-react'
import { ErrorText } from './ErrorText.tsx'

/** Why a form was not taken, above its button. */
export function FormError({ error }: { error: unknown }) {
  if (error === undefined) return null
  return (
    <Alert color="red" variant="light" icon={<IconAlertCircle size={18} />} role="alert" p="xs">
      <ErrorText error={error} />
    </Alert>
  )
}
