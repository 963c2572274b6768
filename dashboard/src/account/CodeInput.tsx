import { TextInput } from '@mantine/core'
import { t } from '../text.ts'

/** Six digits of an authenticator app; the form goes as soon as they are there. */
export function CodeInput({ value, onChange, onFull }: { value: string; onChange: (code: string) => void; onFull: (code: string) => void }) {
  return (
    <TextInput
      label={t('signin.code')} inputMode="numeric" autoComplete="one-time-code" pattern="[0-9]{6}" maxLength={6} required withAsterisk={false} data-autofocus autoFocus
      classNames={{ input: 'mono tabular' }} value={value}
      onChange={e => {
        const code = e.currentTarget.value.replace(/\D/g, '')
        onChange(code)
        if (code.length === 6 && code !== value) onFull(code)
      }}
    />
  )
}
