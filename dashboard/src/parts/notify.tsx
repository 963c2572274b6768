import { notifications } from '@mantine/notifications'
import { apiError } from '../api/error.ts'
import { t } from '../text.ts'
import { errorTitle } from './ErrorText.tsx'
import { Plain } from './Plain.tsx'

/** Says that something is done. */
export function notify(message: string): void {
  notifications.show({ message: <Plain text={message} wrap />, color: 'hutch', closeButtonProps: { 'aria-label': t('action.close') } })
}

/** Says that something is not done, and why. */
export function notifyError(error: unknown): void {
  const e = apiError(error)
  notifications.show({
    title: e.here ? t('state.failed') : errorTitle(e) ?? t('state.failed'), color: 'red', autoClose: 10_000, role: 'alert', closeButtonProps: { 'aria-label': t('action.close') },
    message: <Plain text={[e.message, e.hint, e.requestId].filter(Boolean).join(' · ')} wrap max={600} />,
  })
}
