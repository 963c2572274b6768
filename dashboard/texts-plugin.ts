import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

const languages = ['en', 'ko']

/** What is needed before a page is: the frame's own section, and how the pages are called. Then what the first page says. */
const partOf = (key: string, section: string): string =>
  section === '— app' || key.endsWith('.title') ? 'frame' : section === '— overview' || section === '— errors' ? 'first' : 'rest'

/**
 * Gives `texts.json?<language>-<part>` as a module of that language's texts
 * alone, so that a browser loads what it shows and no more.
 */
export function texts(): Plugin {
  return {
    name: 'texts',
    enforce: 'pre',
    load(id) {
      const [file, asked] = id.split('?')
      const [language = '', part] = asked?.split('-') ?? []
      const at = languages.indexOf(language)
      if (!file?.endsWith('/texts.json') || at < 0) return null
      const all = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string[]>
      this.addWatchFile(file)
      let section = ''
      const one = Object.entries(all).filter(([key, both]) => {
        if (both.length === 0) section = key
        return both.length > 0 && partOf(key, section) === part
      }).map(([key, both]) => [key, both[at]])
      return { code: `export default JSON.parse(${JSON.stringify(JSON.stringify(Object.fromEntries(one)))})`, map: null, moduleType: 'js' }
    },
  }
}
