import { Stack } from '@mantine/core'
import { Page } from '../parts/Page.tsx'
import { t } from '../text.ts'
import { Passkeys } from './Passkeys.tsx'
import { Password } from './Password.tsx'
import { Sessions } from './Sessions.tsx'
import { TotpSection } from './TotpSection.tsx'

/** The operator's own account. */
export default function Account() {
  return (
    <Page title="account.title" about={t('account.about')}>
      <Stack gap="md" maw={720}>
        <Password />
        <TotpSection />
        <Passkeys />
        <Sessions />
      </Stack>
    </Page>
  )
}
