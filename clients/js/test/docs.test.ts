import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'

const home = new URL('..', import.meta.url).pathname
const root = join(home, '../..')

/** What the pages take for granted. */
const words = `
import type { Hutch } from '@hutch/client'
import type { App } from './hutch.d.ts'
declare global {
  const hutch: Hutch<App>
  const email: string, password: string, code: string, id: string
  const form: { email: string; password: string; code: string }
  function draw(...what: unknown[]): void
  function show(...what: unknown[]): void
  function ask(question: string): Promise<string>
  function retryLater(): void
}
`
const app = `export interface App {
  collections: Record<string, { doc: Record<string, any> }>
  functions: Record<string, { in: any; out: any }>
}
`

it('holds what the pages show: every ts block compiles', () => {
  const dir = mkdtempSync(join(tmpdir(), 'hutch-docs-'))
  try {
    const pages = [...readdirSync(join(root, 'docs')).filter(f => f.endsWith('.md')).map(f => join('docs', f)), 'clients/js/README.md']
    let blocks = 0
    writeFileSync(join(dir, 'hutch.d.ts'), app)
    writeFileSync(join(dir, 'words.ts'), words)
    for (const page of pages) {
      const at = join(dir, page.replace(/\W/g, '_'))
      mkdirSync(at)
      writeFileSync(join(at, 'hutch.d.ts'), app)
      const text = readFileSync(join(root, page), 'utf8')
      for (const m of text.matchAll(/^```ts( file=functions\/(\S+))?\n(.*?)^```$/gms)) {
        const line = text.slice(0, m.index).split('\n').length
        const name = m[2] ?? `line${line}.ts`
        writeFileSync(join(at, name), m[3] + (/^(import|export) /m.test(m[3] as string) ? '' : 'export {}\n'))
        blocks++
      }
    }
    writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({
      extends: join(home, 'tsconfig.json'),
      compilerOptions: {
        module: 'esnext', moduleResolution: 'bundler', noUnusedLocals: false, noUnusedParameters: false, noImplicitAny: false,
        typeRoots: [join(home, 'node_modules/@types')],
        paths: { '@hutch/client': [join(home, 'src/index.ts')], '@hutch/client/functions': [join(home, 'src/functions.ts')] },
      },
      include: ['**/*.ts'], exclude: [],
    }))
    assert.ok(blocks > 10, `only ${blocks} blocks`)
    execFileSync(join(home, 'node_modules/.bin/tsc'), ['-p', dir], { cwd: dir, encoding: 'utf8' })
  } catch (e) {
    assert.fail((e as { stdout?: string }).stdout ?? String(e))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
