import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete'

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
  /** Ctrl+S, Cmd+S. */
  onSave?: () => void
  /** Keep the array the same between renders. */
  problems?: CodeProblem[]
  /** Pixels, or all that the parent has; without it as high as the text, up to maxHeight. */
  height?: number | 'fill'
  maxHeight?: number
  /** Words to complete. */
  complete?: (word: string, before: string) => { label: string; detail?: string; type?: string }[]
  /** Instead of complete, where the place in the syntax decides. */
  completeAt?: (c: CompletionContext) => CompletionResult | null
  /** Long lines go on in the next row instead of scrolling. */
  wrap?: boolean
  /** A few lines: without numbers. */
  small?: boolean
  autoFocus?: boolean
}
