import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

const languages = ['en', 'ko']

/** What is needed before a page is: its own section, and how the pages are called. */
const early = (key: string, section: string): boolean => section === '— app' || key.endsWith('.title')

/**
 * Gives `texts.json?<language>` as a module of that language's texts alone, so
 * that a browser loads one of them: those of the frame, with `-rest` the others.
 */
export function texts(): Plugin {
  return {
    name: 'texts',
    enforce: 'pre',
    load(id) {
      const [file, language] = id.split('?')
      const [name, rest] = language?.split('-') ?? []
      const at = languages.indexOf(name ?? '')
      if (!file?.endsWith('/texts.json') || at < 0) return null
      const all = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string[]>
      this.addWatchFile(file)
      let section = ''
      const one = Object.entries(all).filter(([key, both]) => {
        if (both.length === 0) section = key
        return both.length > 0 && early(key, section) === (rest === undefined)
      }).map(([key, both]) => [key, both[at]])
      return { code: `export default JSON.parse(${JSON.stringify(JSON.stringify(Object.fromEntries(one)))})`, map: null, moduleType: 'js' }
    },
  }
}
