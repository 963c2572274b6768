import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import { syntaxTree } from '@codemirror/language'
import type { EditorState } from '@codemirror/state'
import { ops } from '../model/filter.ts'
import { fieldsOf, says } from '../model/schema.ts'
import { type Doc, Tagged } from '../model/values.ts'
import { write } from '../model/wire.ts'

type Node = ReturnType<ReturnType<typeof syntaxTree>['resolveInner']>

/** Names from the outermost object to where the cursor is, and whether a name or a value stands there. */
export function spot(state: EditorState, pos: number): { path: string[]; name: boolean; from: number; to: number } | undefined {
  const node = syntaxTree(state).resolveInner(pos, -1)
  const inText = node.name === 'PropertyName' || node.name === 'String'
  const name = node.name === 'PropertyName' || node.name === 'Object' || node.name === '{' || node.name === ',' && node.parent?.name === 'Object'
  const outer = node.name === 'PropertyName' ? node.parent?.parent : node
  if (!outer) return undefined
  const path: string[] = []
  for (let n: Node | null = outer; n; n = n.parent) {
    const key = n.name === 'Property' ? n.getChild('PropertyName') : null
    if (key) path.unshift(unquoted(state.sliceDoc(key.from, key.to)))
  }
  if (!name && path.length === 0) return undefined
  return { path, name, from: inText ? node.from : pos, to: inText ? node.to : pos }
}

/** The spot, where something was begun or asked for by hand. */
function asked(c: CompletionContext): ReturnType<typeof spot> {
  const at = spot(c.state, c.pos)
  return at && (c.explicit || at.from < c.pos) ? at : undefined
}

function unquoted(s: string): string {
  try {
    return JSON.parse(s) as string
  } catch {
    return s.replaceAll('"', '')
  }
}

/** Names and values of a document, by its schema. */
export function completeDoc(c: CompletionContext, schema: Doc | undefined): CompletionResult | null {
  const at = asked(c)
  if (!at || !schema) return null
  if (at.name) {
    const options = fieldsOf(schema, at.path.join('.')).map(f => {
      const s = says(schema, [...at.path, f].join('.'))
      return { label: `"${f}"`, detail: s.kind ?? '', apply: `"${f}": `, ...(s.description && { info: s.description }) }
    })
    return options.length > 0 ? { from: at.from, to: at.to, options } : null
  }
  const s = says(schema, at.path.join('.'))
  const values = s.enum.length > 0 ? s.enum.map(v => write(v)) : s.kind === 'bool' ? ['true', 'false'] : s.kind === 'date' ? [write(new Tagged('date', new Date().toISOString()))] : []
  return values.length > 0 ? { from: at.from, to: at.to, options: values.map(label => ({ label })) } : null
}

/** Fields, operators and values of a filter. */
export function completeWhere(c: CompletionContext, fields: readonly string[], schema: Doc | undefined): CompletionResult | null {
  const at = asked(c)
  if (!at) return null
  const logic = ['$and', '$or', '$not']
  const named = (list: readonly string[], type: string) => list.map(f => ({ label: `"${f}"`, apply: `"${f}": `, type }))
  if (at.name) {
    const inside = at.path.length > 0 && !logic.includes(at.path.at(-1) as string)
    return { from: at.from, to: at.to, options: inside ? named([...ops, '$not'], 'keyword') : [...named(fields, 'property'), ...named(logic, 'keyword')] }
  }
  const field = at.path.findLast(p => !p.startsWith('$'))
  const choices = field ? says(schema, field).enum : []
  return choices.length > 0 ? { from: at.from, to: at.to, options: choices.map(v => ({ label: write(v) })) } : null
}
