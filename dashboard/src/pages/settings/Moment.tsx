import { Text } from '@mantine/core'
import { TimeAgo } from '../../parts/TimeAgo.tsx'
import { t } from '../../text.ts'

/** When, or never. */
export const Moment = ({ at }: { at: string | undefined }) => at ? <TimeAgo at={at} /> : <Text span size="sm" c="dimmed">{t('settings.never')}</Text>
