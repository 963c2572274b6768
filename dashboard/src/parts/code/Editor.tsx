import { useEffect, useRef } from 'react'
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from '@codemirror/language'
import { setDiagnostics } from '@codemirror/lint'
import { searchKeymap } from '@codemirror/search'
import { Compartment, EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view'
import { languageOf } from './languages.ts'
import { look } from './theme.ts'
import type { CodeProps } from './types.ts'

/** CodeMirror as a React component; its text is the value's, whoever changed it. */
export default function Editor(props: CodeProps) {
  const { label, language, value, problems, height, maxHeight = 560, wrap = false, extensions } = props
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const latest = useRef(props)
  latest.current = props
  const changing = useRef(new Compartment())
  const readOnly = props.onChange === undefined
  const complete = props.complete !== undefined

  const setup: Extension = [
    languageOf(language), complete ? autocompletion({ override: [c => suggest(c, latest.current)] }) : [], wrap ? EditorView.lineWrapping : [], extensions ?? [],
    EditorState.readOnly.of(readOnly), EditorView.contentAttributes.of({ 'aria-label': label, 'aria-readonly': String(readOnly), role: 'textbox', 'aria-multiline': 'true', tabindex: '0' }),
    EditorView.theme({ '&': { height: height === undefined ? 'auto' : height + 'px', maxHeight: maxHeight + 'px' }, '.cm-scroller': { overflow: 'auto' } }),
    readOnly ? [] : [highlightActiveLine(), highlightActiveLineGutter()],
  ]

  useEffect(() => {
    const v = new EditorView({
      parent: host.current as HTMLElement,
      doc: latest.current.value,
      extensions: [
        changing.current.of(setup), look, lineNumbers(), foldGutter(), history(), drawSelection(), bracketMatching(), closeBrackets(), indentOnInput(),
        keymap.of([{ key: 'Mod-Enter', run: () => {
          latest.current.onSubmit?.()
          return latest.current.onSubmit !== undefined
        } }]),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap]),
        EditorView.updateListener.of(u => {
          const text = u.docChanged ? u.state.doc.toString() : latest.current.value
          if (text !== latest.current.value) latest.current.onChange?.(text)
        }),
      ],
    })
    view.current = v
    return () => v.destroy()
  }, [])

  useEffect(() => {
    view.current?.dispatch({ effects: changing.current.reconfigure(setup) })
  }, [language, readOnly, complete, wrap, height, maxHeight, label, extensions])

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

  return <div ref={host} dir="ltr" />
}

function suggest(c: CompletionContext, { complete }: CodeProps) {
  const word = c.matchBefore(/[\w$.@-]*/)
  if (!complete || !word || (word.from === word.to && !c.explicit)) return null
  const options = complete(word.text, c.state.sliceDoc(0, word.from))
  return options.length > 0 ? { from: word.from, options, validFor: /^[\w$@-]*$/ } : null
}
