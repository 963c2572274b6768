import { Alert } from '@mantine/core'
import { IconAlertCircle } from '@tabler/icons-react'
import { apiError } from '../api/error.ts'
import { Plain } from '../parts/Plain.tsx'

/** Why a form was not taken, above its button. */
export function FormError({ error }: { error: unknown }) {
  if (error === undefined) return null
  const e = apiError(error)
  return (
    <Alert color="red" variant="light" icon={<IconAlertCircle size={18} />} role="alert" p="xs">
      <Plain text={[e.message, e.hint].filter(Boolean).join('. ')} wrap max={600} />
    </Alert>
  )
}
