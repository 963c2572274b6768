import { createTheme, type MantineColorsTuple } from '@mantine/core'

const teal: MantineColorsTuple = ['#e6f7f5', '#cdeae7', '#9dd4cf', '#69bdb5', '#3fa9a0', '#249d93', '#0b7a75', '#086b66', '#055a56', '#034845']

/** Calm and dense; nothing is fetched, so the fonts are the system's. */
export const theme = createTheme({
  colors: { hutch: teal },
  primaryColor: 'hutch',
  primaryShade: { light: 6, dark: 7 },
  autoContrast: true,
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Apple SD Gothic Neo", "Noto Sans KR", "Malgun Gothic", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", "Noto Sans Mono", monospace',
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '1.375rem', lineHeight: '1.35' }, h2: { fontSize: '1.0625rem', lineHeight: '1.4' }, h3: { fontSize: '0.9375rem', lineHeight: '1.45' } } },
})
