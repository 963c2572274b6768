import { Anchor, Code, Paper, Stack, Text, Title } from '@mantine/core'
import { t } from '../../text.ts'
import css from './overview.module.css'

const collection = `collections:
  notes:
    access:
      read: true
      write: auth != null`

const docs = 'https://github.com/hutch-dev/hutch/tree/main/docs'

/** What to do with an app that has nothing yet. */
export function FirstSteps() {
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Title order={2}>{t('overview.first.title')}</Title>
        <Text size="sm">{t('overview.first.collection')}</Text>
        <Code block className={css.code as string} tabIndex={0}>{collection}</Code>
        <Text size="sm">{t('overview.first.then')}</Text>
        <Text size="sm"><Anchor href={docs} target="_blank" rel="noreferrer noopener">{t('overview.first.docs')}</Anchor></Text>
      </Stack>
    </Paper>
  )
}
