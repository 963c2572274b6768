import type { Extension } from '@codemirror/state'

export type CodeLanguage = 'json' | 'yaml' | 'typescript' | 'cel' | 'text'

/** A place in the text that is wrong; offsets in UTF-16 units. */
export interface CodeProblem { from: number; to: number; message: string; severity?: 'error' | 'warning' | 'info' }

export interface CodeProps {
  /** For screen readers: what the code is. */
  label: string
  language: CodeLanguage
  value: string
  /** Without it the code is only to read. */
  onChange?: (value: string) => void
  /** Ctrl+Enter, Cmd+Enter. */
  onSubmit?: () => void
  problems?: CodeProblem[]
  /** Pixels; without it as high as the text, up to maxHeight. */
  height?: number
  maxHeight?: number
  /** Words to complete; keep the function the same between renders. */
  complete?: (word: string, before: string) => { label: string; detail?: string; type?: string }[]
  /** Long lines go on in the next row instead of scrolling. */
  wrap?: boolean
  /** Further CodeMirror extensions; keep the array the same between renders. */
  extensions?: Extension[]
}
