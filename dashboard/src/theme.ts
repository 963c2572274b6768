import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core'

const teal: MantineColorsTuple = ['#e6f7f5', '#cdeae7', '#9dd4cf', '#69bdb5', '#3fa9a0', '#249d93', '#0b7a75', '#086b66', '#055a56', '#034845']

const red: MantineColorsTuple = ['#fff0f0', '#ffe1e1', '#ffc4c4', '#ffa3a3', '#ff8787', '#f05252', '#d42f2f', '#c42b2b', '#b02525', '#8f1d1d']

/** Calm and dense; nothing is fetched, so the fonts are the system's. */
export const theme = createTheme({
  colors: { hutch: teal, red },
  primaryColor: 'hutch',
  primaryShade: { light: 6, dark: 7 },
  autoContrast: true,
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: { Badge: { defaultProps: { tt: 'none' } } },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Apple SD Gothic Neo", "Noto Sans KR", "Malgun Gothic", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", "Noto Sans Mono", monospace',
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '1.375rem', lineHeight: '1.35' }, h2: { fontSize: '1.0625rem', lineHeight: '1.4' }, h3: { fontSize: '0.9375rem', lineHeight: '1.45' } } },
})

// Mantine's own colors are too pale for small text in places; these have a
// contrast of at least 4.5 on the backgrounds they stand on.
const onLight = { gray: '#495057', red: '#a61e1e', orange: '#963700', yellow: '#744b00', green: '#1d6429', teal: '#055c4a', cyan: '#0b5a68', blue: '#155a9c', indigo: '#3340a0', violet: '#5730b0', grape: '#7f2a92', pink: '#9c1f4c', lime: '#446200' }

export const variables: CSSVariablesResolver = () => {
  const light: Record<string, string> = { '--mantine-color-dimmed': '#5c6470', '--mantine-color-placeholder': '#6a727c', '--mantine-color-error': '#c02626' }
  for (const [name, color] of Object.entries(onLight)) {
    light[`--mantine-color-${name}-light-color`] = light[`--mantine-color-${name}-text`] = light[`--mantine-color-${name}-outline`] = color
  }
  return { variables: {}, light, dark: { '--mantine-color-gray-light': '#ffffff14', '--mantine-color-gray-light-hover': '#ffffff1f', '--mantine-color-gray-light-color': '#ced4da', '--mantine-color-hutch-6': '#21a198', '--mantine-color-dimmed': '#a9adb3', '--mantine-color-placeholder': '#969ba2', '--mantine-color-error': '#ff8f8f' } }
}
