import { type Selector, transform } from 'lightningcss'
import type { Plugin } from 'vite'

const ofMantine = /\bm_[0-9a-f]+\b/g

/** Mantine has the styles of all its components in one file: what no code here names is left out. */
export function usedStyles(): Plugin {
  return {
    name: 'used-styles',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const files = Object.values(bundle)
        const used = new Set(files.flatMap(f => f.type === 'chunk' ? f.code.match(ofMantine) ?? [] : []))
        for (const f of files) if (f.type === 'asset' && f.fileName.endsWith('.css')) f.source = without(f.source, f.fileName, used)
      },
    },
  }
}

export function without(css: string | Uint8Array, filename: string, used: ReadonlySet<string>): string {
  const dead = (s: Selector): boolean => s.some(c =>
    c.type === 'class' && /^m_[0-9a-f]+$/.test(c.name) && !used.has(c.name)
    || c.type === 'pseudo-class' && (c.kind === 'where' || c.kind === 'is') && c.selectors.every(dead))
  const { code } = transform({
    filename, code: Buffer.from(css), minify: true,
    visitor: {
      Rule: {
        style(rule) {
          const selectors = rule.value.selectors.filter(s => !dead(s))
          if (selectors.length === 0) return []
          if (selectors.length < rule.value.selectors.length) return { ...rule, value: { ...rule.value, selectors } }
        },
      },
    },
  })
  return Buffer.from(code).toString()
}
