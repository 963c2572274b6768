// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs'
import { parseAst } from 'vite'
import { describe, expect, it } from 'vitest'

const src = new URL('../src/', import.meta.url).pathname
const raw = readFileSync(src + 'texts.json', 'utf8')
const all = JSON.parse(raw) as Record<string, string[]>
const keys = Object.keys(all).filter(k => !k.startsWith('—'))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(f => /\.tsx?$/.test(f) && !/\.(test|d)\.tsx?$/.test(f))
const sources = files.map(file => ({ file, code: readFileSync(src + file, 'utf8').replace(/\/\*\*[^]*?\*\//g, '') }))
const holes = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()

describe('texts', () => {
  it('has each text in English and Korean, with the same values in both', () => {
    for (const key of keys) {
      expect(all[key], key).toHaveLength(2)
      const [en, ko] = all[key] as [string, string]
      expect(en.trim(), key).not.toBe('')
      expect(ko.trim(), key).not.toBe('')
      expect(holes(ko), key).toEqual(holes(en))
      expect(en.split('|').length, key).toBeLessThanOrEqual(2)
      if (en.includes('|')) expect(holes(en), key).toContain('{n}')
    }
  })

  it('has one line a text, and no key twice', () => {
    const lines = raw.split('\n').filter(l => l.startsWith('  "'))
    expect(lines.length).toBe(Object.keys(all).length)
    expect(lines.filter(l => !/^ {2}"[^"]+": \[("(\\.|[^"\\])*", "(\\.|[^"\\])*")?\],?$/.test(l))).toEqual([])
  })

  it('stands in the section of its page', () => {
    const twice = Object.keys(all).filter(k => k.startsWith('—'))
    expect(new Set(twice).size).toBe(twice.length)
  })

  it('uses every text, and only texts that are there', () => {
    const code = sources.map(s => s.code).join('\n')
    const literal = new Set([...code.matchAll(/['"`]([a-z][\w-]*(?:\.[\w-]+)+)['"`]/g)].map(m => m[1]))
    const prefixes = [...code.matchAll(/`([a-z][\w-]*\.[\w.-]*)\$\{/g)].map(m => m[1] as string)
    expect(keys.filter(k => !literal.has(k) && !prefixes.some(p => k.startsWith(p)))).toEqual([])
    const used = [...code.matchAll(/\bt\(\s*'([^']+)'|\bk="([^"]+)"/g)].map(m => (m[1] ?? m[2]) as string)
    expect(used.length).toBeGreaterThan(50)
    expect(used.filter(k => !(k in all))).toEqual([])
  })

  it('finds no literal text in TSX', () => {
    expect(literals('<p title="Two words" data-x="a b">Hello</p>')).toEqual(['Two words', 'Hello'])
    expect(literals('<p aria-label={x ? `Row ${n}` : "None"}>{`${n} rows`}{y && "yes"}</p>')).toEqual(['rows', 'yes', 'Row', 'None'])
    expect(literals('const f = (x) => `before ${x} · ends`; function g() { return `uid ${1}` }; const c = { id: "name", header: "Name" }')).toEqual(['before', '· ends', 'uid', 'Name'])
    expect(sources.filter(s => s.file.endsWith('.tsx')).flatMap(s => literals(s.code).map(text => `${s.file}: ${text}`))).toEqual([])
  })

  it('makes anew what a memo keeps of texts when the language changes', () => {
    expect(stale(`const columns = useMemo(() => make(), [])\nfunction make() { return [cell()] }\nconst cell = () => t('a.b')`)).toEqual(['useMemo'])
    expect(stale(`useMemo(() => [t('a.b')], [language]); useMemo(() => f(x), [x]); function f(n) { return n }`)).toEqual([])
    expect(sources.flatMap(s => stale(s.code, s.file.endsWith('x') ? 'tsx' : 'ts').map(hook => `${s.file}: ${hook}`))).toEqual([])
    expect(sources.filter(s => /\bmemo\(/.test(s.code) && /\bt\(/.test(s.code) && !/useLanguage\(\)|language: Language/.test(s.code)).map(s => s.file)).toEqual([])
  })

  it('keeps what a query gave when only its refresh failed', () => {
    const swept = /\.isError (\?|&&)|if \(\w+\.isError\) return/
    const calls = ['pages/rules/Playground.tsx', 'pages/rules/RuleView.tsx', 'pages/functions/Invoke.tsx'] // what a person asked for anew
    expect(sources.filter(s => !s.file.startsWith('pages/data/') && !calls.includes(s.file) && swept.test(s.code)).map(s => s.file)).toEqual([])
  })

  it('finds nothing that could make text into HTML, and no address elsewhere but of the documentation', () => {
    const bad = /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc=\{|eval\(|new Function/i
    const framed = 'sandbox="" srcDoc={' // may run nothing
    expect(sources.filter(s => bad.test(s.code.replaceAll(framed, ''))).map(s => s.file)).toEqual([])
    expect(sources.filter(s => /['"`]https?:\/\/(?!github\.com\/hutch-dev\/hutch\/)/.test(s.code.replace(/^\s*\/\/.*$/gm, ''))).map(s => s.file)).toEqual([])
  })
})

interface Node {
  type?: string; name?: string; callee?: Node; arguments?: Node[]; id?: Node | null; init?: Node | null; elements?: Node[]; children?: Node[]; value?: unknown; key?: Node; expression?: Node
  quasis?: { value: { raw: string } }[]; consequent?: Node; alternate?: Node; left?: Node; right?: Node; operator?: string; argument?: Node | null; body?: Node
}

function walk(of: unknown, see: (n: Node) => void): void {
  if (Array.isArray(of)) return of.forEach(n => walk(n, see))
  if (typeof of !== 'object' || of === null) return
  see(of as Node)
  for (const [key, child] of Object.entries(of)) if (key !== 'parent') walk(child, see)
}

/** Hooks that keep what was made of texts and do not hear of another language. */
function stale(code: string, lang: 'ts' | 'tsx' = 'tsx'): string[] {
  const tree = parseAst(code, { lang })
  const called = (of: unknown) => {
    const names = new Set<string>()
    walk(of, n => {
      if (n.type === 'CallExpression' && n.callee?.name) names.add(n.callee.name)
    })
    return names
  }
  const functions = new Map<string, Set<string>>()
  walk(tree, n => {
    if (n.type === 'FunctionDeclaration' && n.id?.name) functions.set(n.id.name, called(n))
    if (n.type === 'VariableDeclarator' && n.id?.name && /Function/.test(n.init?.type ?? '')) functions.set(n.id.name, called(n.init))
  })
  const says = (names: Set<string>, seen = new Set<string>()): boolean => [...names].some(name => {
    if (name === 't') return true
    if (seen.has(name)) return false
    seen.add(name)
    return says(functions.get(name) ?? new Set(), seen)
  })
  const found: string[] = []
  walk(tree, n => {
    const [make, on] = n.arguments ?? []
    if (n.type !== 'CallExpression' || !['useMemo', 'useCallback'].includes(n.callee?.name ?? '') || !make) return
    const names = make.name ? new Set([make.name]) : called(make)
    if (n.callee?.name === 'useMemo' && says(names) && !on?.elements?.some(e => e.name === 'language')) found.push('useMemo')
  })
  return found
}

const spoken = new Set(['title', 'label', 'placeholder', 'description', 'aria-label', 'alt', 'about', 'nothingFound', 'nothingFoundMessage', 'summary', 'header', 'message', 'error', 'text'])
const names = new Set(['Hutch', 'REDACTED', 'you@example.com', 'ctx.admin', 'p50', 'p99', 'p50 / p99', '⌘ K', 'Ctrl K', 'HTML', 'JSON', 'JSONL', 'CSV']) // the same in all languages

/** What a person would read, or hear, that is written in the code itself. */
function literals(code: string): string[] {
  const found: string[] = []
  const say = (text: string) => {
    if (/\p{L}/u.test(text) && !(text in all) && !names.has(text.trim())) found.push(text.trim())
  }
  /** A value that is shown: the strings it may be. */
  const shown = (n: Node | null | undefined): void => {
    switch (n?.type) {
      case 'Literal': return typeof n.value === 'string' ? say(n.value) : undefined
      case 'TemplateLiteral': return n.quasis?.forEach(q => say(q.value.raw.replace(/^ms$/, '')))
      case 'ConditionalExpression': return [n.consequent, n.alternate].forEach(shown)
      case 'LogicalExpression': return shown(n.right)
      case 'BinaryExpression': return n.operator === '+' ? [n.left, n.right].forEach(shown) : undefined
      case 'JSXExpressionContainer': return shown(n.expression)
    }
  }
  walk(parseAst(code, { lang: 'tsx' }), n => {
    if (n.type === 'JSXText') say(String(n.value))
    if (n.type === 'JSXAttribute' && spoken.has(String((n.name as unknown as Node).name))) shown(n.value as Node | null)
    if (n.type === 'JSXElement' || n.type === 'JSXFragment') n.children?.filter(c => c.type === 'JSXExpressionContainer').forEach(shown)
    if (n.type === 'Property' && spoken.has(String(n.key?.name))) shown(n.value as Node)
    if (n.type === 'ReturnStatement' || n.type === 'ArrowFunctionExpression') prose(n.argument ?? n.body)
  })
  return found

  /** What a function gives is shown when it has words and gaps between them. */
  function prose(n: Node | null | undefined): void {
    if (n?.type === 'TemplateLiteral' && n.quasis?.some(q => /(^|[\s·])\p{L}{2,}($|[\s·])/u.test(q.value.raw) && / /.test(q.value.raw))) shown(n)
  }
}
