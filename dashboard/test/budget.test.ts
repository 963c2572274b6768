// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

const dist = new URL('../dist/', import.meta.url).pathname
const html = readFileSync(dist + 'index.html', 'utf8')
const budget = 250_000

/** A file and what it imports without being asked to. */
function closure(file: string, seen: Set<string>): void {
  if (seen.has(file)) return
  seen.add(file)
  const code = readFileSync(dist + file, 'utf8')
  for (const [, from] of code.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+)["']/g)) closure('assets/' + from, seen)
}

describe('dist', () => {
  // what the first page adds is counted in a browser, by internal/e2e/browser/dashboard_overview.test.ts
  it('loads at most 250 kB gzip before the first page', () => {
    const files = new Set<string>()
    for (const [, file] of html.matchAll(/(?:src|href)="\/_\/([^"]+\.(?:js|css))"/g)) closure(file as string, files)
    const texts = readdirSync(dist + 'assets').filter(f => /^texts\d*\.js$/.test(f))
    const size = (f: string) => gzipSync(readFileSync(dist + f), { level: 9 }).length
    const frame = Math.max(...texts.filter(f => readFileSync(dist + 'assets/' + f, 'utf8').includes('palette.open')).map(f => size('assets/' + f))) // of the longer language
    const total = size('index.html') + [...files].reduce((n, f) => n + size(f), 0) + frame
    console.log(`first load: ${total} bytes gzip of ${budget}`)
    expect(total).toBeLessThanOrEqual(budget)
    const early = [...files].map(f => readFileSync(dist + f, 'utf8')).join('')
    for (const late of ['recharts-', 'cm-activeLine', 'data-spotlight']) expect(early, late).not.toContain(late)
  })

  it('holds no inline script or style, no source map, nothing from elsewhere', () => {
    expect(html).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\son\w+=|style=/i)
    expect([...html.matchAll(/(?:src|href)="([^"]+)"/g)].every(([, url]) => url?.startsWith('/_/'))).toBe(true)
    const all = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    expect(all.filter(f => f.endsWith('.map') || /-(?=[\w-]*[A-Z0-9])[\w-]{8}\.(js|css)$/.test(f))).toEqual([])
  })
})
