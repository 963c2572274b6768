import type { Extension } from '@codemirror/state'
import { javascript } from '@codemirror/lang-javascript'
import { json } from '@codemirror/lang-json'
import { yaml } from '@codemirror/lang-yaml'
import type { CodeLanguage } from './types.ts'

/** CEL reads like JavaScript's expressions. */
export function languageOf(l: CodeLanguage): Extension {
  switch (l) {
    case 'json': return json()
    case 'yaml': return yaml()
    case 'typescript': return javascript({ typescript: true })
    case 'cel': return javascript()
    case 'text': return []
  }
}
