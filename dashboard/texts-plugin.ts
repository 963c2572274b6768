import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

const languages = ['en', 'ko']

/** Gives `texts.json?<language>` as a module of that language's texts alone, so that a browser loads one of them. */
export function texts(): Plugin {
  return {
    name: 'texts',
    enforce: 'pre',
    load(id) {
      const [file, language] = id.split('?')
      const at = languages.indexOf(language ?? '')
      if (!file?.endsWith('/texts.json') || at < 0) return null
      const all = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string[]>
      this.addWatchFile(file)
      const one = Object.entries(all).filter(([, both]) => both.length > 0).map(([key, both]) => [key, both[at]])
      return { code: `export default JSON.parse(${JSON.stringify(JSON.stringify(Object.fromEntries(one)))})`, map: null, moduleType: 'js' }
    },
  }
}
