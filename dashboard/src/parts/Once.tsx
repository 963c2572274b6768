import { Alert, Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core'
import { IconEyeExclamation } from '@tabler/icons-react'
import { t } from '../text.ts'
import { Modal } from './Modal.tsx'

interface Secret {
  text: string
  label?: string
  /** On the button that copies it. */
  copy?: string
}

interface Props { title: string; about: string; secrets: [Secret, ...Secret[]]; more?: string; close: () => void }

/** What the server shows this once, to be copied; neither a click beside it nor Escape loses it. */
export function Once({ title, about, secrets, more, close }: Props) {
  return (
    <Modal opened onClose={close} size="lg" title={title} closeButtonProps={{ 'aria-label': t('action.close') }} closeOnClickOutside={false} closeOnEscape={false}>
      <Stack gap="sm">
        <Alert variant="light" color="yellow" icon={<IconEyeExclamation size={18} />} p="sm">{about}</Alert>
        {secrets.map(s => (
          <div key={s.text}>
            {s.label && <Text size="sm" fw={500} mb={4}>{s.label}</Text>}
            <Code block tabIndex={0} className="once">{s.text}</Code>
          </div>
        ))}
        {more && <Text size="sm">{more}</Text>}
        <Group justify="flex-end" gap="xs">
          {secrets.map((s, i) => (
            <CopyButton key={s.text} value={s.text}>
              {({ copied, copy }) => <Button onClick={copy} variant={i === 0 ? 'filled' : 'default'}>{copied ? t('action.copied') : s.copy ?? t('action.copy')}</Button>}
            </CopyButton>
          ))}
          <Button variant="default" onClick={close}>{t('action.close')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
