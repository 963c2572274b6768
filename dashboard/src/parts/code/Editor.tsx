import { useEffect, useId, useRef } from 'react'
import { VisuallyHidden } from '@mantine/core'
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from '@codemirror/language'
import { setDiagnostics } from '@codemirror/lint'
import { searchKeymap } from '@codemirror/search'
import { Compartment, EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view'
import { t } from '../../text.ts'
import { languageOf } from './languages.ts'
import { look } from './theme.ts'
import type { CodeProps } from './types.ts'

/** CodeMirror as a React component; its text is the value's, whoever changed it. */
export default function Editor(props: CodeProps) {
  const { label, language, value, problems, height, maxHeight = 560, wrap = false, small = false } = props
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const latest = useRef(props)
  latest.current = props
  const changing = useRef(new Compartment())
  const keys = useId()
  const readOnly = props.onChange === undefined
  const completes = !readOnly && (props.complete ?? props.completeAt) !== undefined

  const setup: Extension = [
    languageOf(language), completes ? autocompletion({ override: [c => suggest(c, latest.current)], icons: false }) : [], wrap ? EditorView.lineWrapping : [],
    small ? [] : [lineNumbers(), foldGutter()],
    EditorState.readOnly.of(readOnly),
    EditorView.contentAttributes.of({ 'aria-label': label, 'aria-readonly': String(readOnly), role: 'textbox', 'aria-multiline': 'true', tabindex: '0', ...(!readOnly && { 'aria-describedby': keys }) }),
    EditorView.theme({ '&': { height: height === undefined ? 'auto' : height === 'fill' ? '100%' : height + 'px', maxHeight: height === 'fill' ? '100%' : maxHeight + 'px' }, '.cm-scroller': { overflow: 'auto' } }),
    readOnly || small ? [] : [highlightActiveLine(), highlightActiveLineGutter()],
  ]

  useEffect(() => {
    const run = (act: 'onSubmit' | 'onSave') => () => {
      latest.current[act]?.()
      return latest.current[act] !== undefined
    }
    const v = new EditorView({
      parent: host.current as HTMLElement,
      doc: latest.current.value,
      extensions: [
        changing.current.of(setup), look, history(), drawSelection(), bracketMatching(), closeBrackets(), indentOnInput(),
        keymap.of([{ key: 'Mod-Enter', run: run('onSubmit') }, { key: 'Mod-s', run: run('onSave') }]),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap]), // Tab is none of them: it leaves
        EditorView.updateListener.of(u => {
          const text = u.docChanged ? u.state.doc.toString() : latest.current.value
          if (text !== latest.current.value) latest.current.onChange?.(text)
        }),
      ],
    })
    view.current = v
    if (latest.current.autoFocus) v.focus()
    return () => v.destroy()
  }, [])

  useEffect(() => {
    view.current?.dispatch({ effects: changing.current.reconfigure(setup) })
  }, [language, readOnly, completes, wrap, small, height, maxHeight, label])

  useEffect(() => {
    const v = view.current
    if (v && v.state.doc.toString() !== value) v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: value } })
  }, [value])

  useEffect(() => {
    const v = view.current
    if (!v || !problems) return
    const last = v.state.doc.length
    v.dispatch(setDiagnostics(v.state, problems.map(p => ({
      from: Math.min(p.from, last), to: Math.min(Math.max(p.to, p.from), last), message: p.message, severity: p.severity ?? 'error',
    }))))
  }, [problems, value])

  return (
    <>
      <div ref={host} dir="ltr" style={height === 'fill' ? { height: '100%', minHeight: 0 } : undefined} />
      {!readOnly && <VisuallyHidden id={keys}>{t('code.keys')}</VisuallyHidden>}
    </>
  )
}

function suggest(c: CompletionContext, { complete, completeAt }: CodeProps) {
  if (completeAt) return completeAt(c)
  const word = c.matchBefore(/[\w$.@-]*/)
  if (!complete || !word || (word.from === word.to && !c.explicit)) return null
  const options = complete(word.text, c.state.sliceDoc(0, word.from))
  return options.length > 0 ? { from: word.from, options, validFor: /^[\w$@-]*$/ } : null
}
