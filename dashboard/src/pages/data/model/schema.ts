import { type Doc, isNumber, isSystem, kindOf, type Kind, same, Tagged, type Value } from './values.ts'
import { parse } from './wire.ts'

/** What a collection's schema says of one path. */
export interface Says { kind: Kind | undefined; enum: Value[]; required: boolean; description: string }
/** A breach of the schema: where, and the key of a text with its value. */
export interface Breach { path: string; key: string; value: string }

const kindOfType: Record<string, Kind> = { string: 'string', integer: 'int', number: 'double', boolean: 'bool', array: 'array', object: 'object', null: 'null' }
const kindOfBson: Record<string, Kind> = { date: 'date', decimal: 'decimal', binData: 'binary', objectId: 'objectId', long: 'int' }

/** The schema as it came, typed like documents; undefined without one. */
export const schemaOf = (json: unknown): Doc | undefined => {
  if (json === null || json === undefined) return undefined
  const v = parse(JSON.stringify(json))
  return v instanceof Map ? v : undefined
}

const map = (v: Value | undefined): Doc | undefined => v instanceof Map ? v : undefined
const list = (v: Value | undefined): Value[] => Array.isArray(v) ? v : []
const num = (v: Value | undefined): number | undefined => v instanceof Tagged ? Number(v.text) : undefined

/** The schemas that all hold where s does: itself, its $ref, its allOf. */
function conjuncts(root: Doc, s: Doc | undefined, depth = 0): Doc[] {
  if (!s || depth > 16) return []
  const ref = s.get('$ref')
  const target = typeof ref === 'string' && ref.startsWith('#') ? pointer(root, ref) : undefined
  return [s, ...conjuncts(root, target, depth + 1), ...list(s.get('allOf')).flatMap(k => conjuncts(root, map(k), depth + 1))]
}

function pointer(root: Doc, ref: string): Doc | undefined {
  let v: Value | undefined = root
  for (const step of ref.slice(1).split('/').filter(Boolean)) v = v instanceof Map ? v.get(step.replaceAll('~1', '/').replaceAll('~0', '~')) : undefined
  return map(v)
}

/** The schemas of a path, and whether a document must have it. */
function reach(root: Doc, path: string): { nodes: Doc[]; required: boolean } {
  let nodes = conjuncts(root, root)
  let required = true
  for (const name of path === '' ? [] : path.split('.')) {
    required &&= nodes.some(n => list(n.get('required')).includes(name))
    nodes = nodes.flatMap(n => {
      const own = map(map(n.get('properties'))?.get(name))
      const items = /^\d+$/.test(name) ? map(n.get('items')) : undefined
      return conjuncts(root, own ?? items ?? map(n.get('additionalProperties')))
    })
  }
  return { nodes, required }
}

export function says(root: Doc | undefined, path: string): Says {
  if (path === '_createdAt' || path === '_updatedAt') return { kind: 'date', enum: [], required: true, description: '' }
  if (path === '_id' || path === '_version' || !root) return { kind: path === '_version' ? 'int' : path === '_id' ? 'string' : undefined, enum: [], required: isSystem(path), description: '' }
  const { nodes, required } = reach(root, path)
  const out: Says = { kind: undefined, enum: [], required, description: '' }
  for (const n of nodes) {
    const bson = n.get('bsonType')
    const type = n.get('type')
    const types = (Array.isArray(type) ? type : [type]).filter(t => t !== 'null')
    out.kind ??= kindOfBson[String(bson)] ?? (types.length === 1 ? kindOfType[String(types[0])] : undefined)
    if (n.has('enum')) out.enum = list(n.get('enum'))
    const d = n.get('description') ?? n.get('title')
    if (out.description === '' && typeof d === 'string') out.description = d
  }
  if (!out.kind && out.enum.length > 0 && out.enum.every(e => typeof e === 'string')) out.kind = 'string'
  return out
}

/** The fields that the schema names at a path, in its order. */
export function fieldsOf(root: Doc | undefined, path = ''): string[] {
  if (!root) return []
  return [...new Set(reach(root, path).nodes.flatMap(n => [...map(n.get('properties'))?.keys() ?? []]))]
}

/** A document to begin with: what is required, empty. */
export function blank(root: Doc | undefined): Doc {
  const out: Doc = new Map()
  if (!root) return out
  for (const name of fieldsOf(root)) {
    const s = says(root, name)
    if (s.required) out.set(name, s.enum[0] ?? emptyOf(s.kind))
  }
  return out
}

function emptyOf(kind: Kind | undefined): Value {
  switch (kind) {
    case 'int': return new Tagged('int', '0')
    case 'double': return new Tagged('int', '0')
    case 'decimal': return new Tagged('decimal', '0')
    case 'bool': return false
    case 'date': return new Tagged('date', new Date().toISOString())
    case 'array': return []
    case 'object': return new Map()
    case 'null': return null
    default: return ''
  }
}

/**
 * What the usual keywords say against a document, while it is typed. The server
 * judges by all of them when it is saved.
 */
export function check(root: Doc, doc: Doc): Breach[] {
  const out: Breach[] = []
  const own = new Map([...doc].filter(([k]) => !isSystem(k)))
  judge(root, root, own, '', out)
  return out.slice(0, 50)
}

function judge(root: Doc, schema: Doc, v: Value, path: string, out: Breach[]): void {
  for (const s of conjuncts(root, schema)) one(root, s, v, path, out)
}

function one(root: Doc, s: Doc, v: Value, path: string, out: Breach[]): void {
  const add = (key: string, value: Value | undefined = '', where = path): void => {
    out.push({ path: where, key: 'data.breach.' + key, value: typeof value === 'string' ? value : value instanceof Tagged ? value.text : '' })
  }
  const type = s.get('type')
  const types = Array.isArray(type) ? type : type === undefined ? [] : [type]
  if (types.length > 0 && !types.some(t => isType(v, String(t)))) return add('type', types.join(', '))
  const bson = s.get('bsonType')
  if (typeof bson === 'string' && kindOfBson[bson] && kindOf(v) !== kindOfBson[bson]) return add('type', bson)
  if (s.has('enum') && !list(s.get('enum')).some(e => alike(e, v))) add('enum', list(s.get('enum')).map(e => e instanceof Tagged ? e.text : String(e)).join(', '))
  if (s.has('const') && !alike(s.get('const') as Value, v)) add('enum', s.get('const'))
  const n = v instanceof Tagged && v.tag !== 'date' && v.tag !== 'binary' && v.tag !== 'objectId' ? Number(v.text) : undefined
  const bound = (key: string, size: number | undefined, bad: (limit: number, size: number) => boolean): void => {
    const limit = num(s.get(key))
    if (limit !== undefined && size !== undefined && bad(limit, size)) add(key, s.get(key))
  }
  bound('minimum', n, (l, x) => x < l)
  bound('maximum', n, (l, x) => x > l)
  bound('exclusiveMinimum', n, (l, x) => x <= l)
  bound('exclusiveMaximum', n, (l, x) => x >= l)
  const chars = typeof v === 'string' ? [...v].length : undefined
  bound('minLength', chars, (l, x) => x < l)
  bound('maxLength', chars, (l, x) => x > l)
  const items = Array.isArray(v) ? v.length : undefined
  bound('minItems', items, (l, x) => x < l)
  bound('maxItems', items, (l, x) => x > l)
  const each = map(s.get('items'))
  if (Array.isArray(v) && each) v.forEach((e, i) => judge(root, each, e, path ? `${path}.${i}` : String(i), out))
  if (v instanceof Map) inside(root, s, v, path, out, add)
}

function inside(root: Doc, s: Doc, v: Doc, path: string, out: Breach[], add: (key: string, value?: Value, where?: string) => void): void {
  const under = (name: string): string => path ? path + '.' + name : name
  for (const name of list(s.get('required'))) if (typeof name === 'string' && !v.has(name)) add('required', name)
  const props = map(s.get('properties'))
  const extra = s.get('additionalProperties')
  for (const [name, e] of v) {
    const p = map(props?.get(name))
    if (p) judge(root, p, e, under(name), out)
    else if (props?.has(name) || s.has('patternProperties')) continue
    else if (extra === false) add('extra', name, under(name))
    else if (extra instanceof Map) judge(root, extra, e, under(name), out)
  }
}

function isType(v: Value, type: string): boolean {
  const k = kindOf(v)
  switch (type) {
    case 'number': return isNumber(k)
    case 'integer': return isNumber(k) && v instanceof Tagged && Number.isInteger(Number(v.text))
    default: return kindOfType[type] === k
  }
}

const alike = (a: Value, b: Value): boolean =>
  a instanceof Tagged && b instanceof Tagged && a.tag !== 'date' && b.tag !== 'date' ? Number(a.text) === Number(b.text) : same(a, b)

/** Whether a value there may get a fraction. */
export const mayWiden = (root: Doc | undefined, path: string): boolean => {
  const kind = says(root, path).kind
  return kind === undefined || kind === 'double'
}

