import { Button, Group, Popover, Stack, Text } from '@mantine/core'
import { IconEye } from '@tabler/icons-react'
import { useState } from 'react'
import { Plain } from '../../../parts/Plain.tsx'
import { T } from '../../../parts/Text.tsx'
import { guest, usePersonName, WhoPicker } from '../../../parts/WhoPicker.tsx'
import { t } from '../../../text.ts'
import css from '../data.module.css'
import type { Go, Place } from '../place.ts'

/** Shows the collection as a user, or somebody who is not signed in, may see it. */
export function ViewAsMenu({ place, go }: { place: Place; go: Go }) {
  const [opened, setOpened] = useState(false)
  const choose = (as: string) => {
    setOpened(false)
    go({ as, doc: '' })
  }
  return (
    <Popover position="bottom-start" width={300} trapFocus shadow="md" opened={opened} onChange={setOpened}>
      <Popover.Target><Button size="xs" variant={place.as ? 'light' : 'default'} leftSection={<IconEye size={15} />} onClick={() => setOpened(!opened)}><span className={css.label}>{t('data.as.title')}</span></Button></Popover.Target>
      <Popover.Dropdown p="xs">
        <Stack gap={6}>
          <Text size="xs" c="dimmed">{t('data.as.about')}</Text>
          <WhoPicker label={t('data.as.who')} value={place.as} onChange={choose} inside />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

/** Nobody may forget through whose eyes he looks. */
export function ViewAsBanner({ as, end }: { as: string; end: () => void }) {
  const person = usePersonName(as)
  const name = as === guest ? t('data.as.guestName') : person
  return (
    <Group className={css.banner} role="status" justify="space-between" gap="xs">
      <Group gap={8} wrap="nowrap" miw={0}>
        <IconEye size={16} aria-hidden />
        <Text size="sm" component="div" miw={0}><T k="data.as.banner" values={{ name: <b key="name"><Plain text={name} /></b> }} /></Text>
      </Group>
      <Button size="compact-xs" variant="white" color="dark" onClick={end}>{t('data.as.end')}</Button>
    </Group>
  )
}
