import { autocompletion, closeBrackets, closeBracketsKeymap, type CompletionContext, type CompletionResult, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import { bracketMatching, foldGutter, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, linter } from '@codemirror/lint'
import { Compartment, EditorState } from '@codemirror/state'
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'

export interface Mark { from: number; to: number; message: string }
interface Props {
  value: string
  label: string
  readOnly?: boolean
  /** One to a few lines, without numbers. */
  small?: boolean
  autoFocus?: boolean
  onChange?: (text: string) => void
  /** Ctrl+Enter and Ctrl+S. */
  onSubmit?: () => void
  lint?: (text: string) => Mark[]
  complete?: (c: CompletionContext) => CompletionResult | null
}

const colors = (dark: boolean) => HighlightStyle.define([
  { tag: tags.propertyName, color: dark ? '#7fd6cc' : '#086b66' },
  { tag: tags.string, color: dark ? '#e8c07d' : '#8a4b08' },
  { tag: tags.number, color: dark ? '#8fc1ff' : '#1d4fb8' },
  { tag: [tags.bool, tags.null], color: dark ? '#d3a4f0' : '#7b2fb5' },
])

const look = (dark: boolean, small: boolean) => [
  EditorView.theme({
    '&': { fontSize: '13px', height: small ? 'auto' : '100%', backgroundColor: 'transparent' },
    '&.cm-focused': { outline: '2px solid var(--mantine-primary-color-filled)', outlineOffset: '-1px' },
    '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.55', ...(small && { maxHeight: '220px' }) },
    '.cm-content': { padding: small ? '7px 0' : '10px 0' },
    '.cm-gutters': { backgroundColor: 'transparent', border: 'none', color: 'var(--mantine-color-dimmed)' },
    '.cm-tooltip': { zIndex: '500' },
  }, { dark }),
  syntaxHighlighting(colors(dark)),
]

/** JSON in CodeMirror, with what the page knows of its meaning. */
export default function Json({ value, label, readOnly = false, small = false, autoFocus = false, onChange, onSubmit, lint, complete }: Props) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(undefined)
  const on = useRef({ onChange, onSubmit, lint, complete })
  on.current = { onChange, onSubmit, lint, complete }
  const theme = useRef(new Compartment())
  const fixed = useRef(new Compartment())
  const dark = useComputedColorScheme('light') === 'dark'

  useEffect(() => { // made once: what changes goes through the effects below
    const submit = () => {
      on.current.onSubmit?.()
      return true
    }
    const v = view.current = new EditorView({
      parent: host.current as HTMLDivElement,
      state: EditorState.create({
        doc: value,
        extensions: [
          keymap.of([{ key: 'Mod-Enter', run: submit }, { key: 'Mod-s', run: submit }]),
          ...(small ? [] : [lineNumbers(), foldGutter()]),
          history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(), json(), EditorView.lineWrapping,
          autocompletion({ override: [c => on.current.complete?.(c) ?? null], icons: false }),
          linter(v => (on.current.lint?.(v.state.doc.toString()) ?? []).map((m): Diagnostic => ({ ...m, to: Math.min(v.state.doc.length, m.to), severity: 'error' })), { delay: 200 }),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...historyKeymap, ...(small ? [] : [indentWithTab])]),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          EditorView.updateListener.of(u => { if (u.docChanged) on.current.onChange?.(u.state.doc.toString()) }),
          theme.current.of(look(dark, small)),
          fixed.current.of([]),
        ],
      }),
    })
    if (autoFocus) v.focus()
    return () => v.destroy()
  }, [])

  useEffect(() => view.current?.dispatch({ effects: theme.current.reconfigure(look(dark, small)) }), [dark, small])
  useEffect(() => view.current?.dispatch({ effects: fixed.current.reconfigure(readOnly ? [EditorState.readOnly.of(true)] : []) }), [readOnly])
  useEffect(() => {
    const v = view.current
    if (v && v.state.doc.toString() !== value) v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: value } })
  }, [value])
  return <div ref={host} style={{ height: small ? 'auto' : '100%', minHeight: 0 }} />
}
