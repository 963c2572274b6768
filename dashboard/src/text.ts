import { useSyncExternalStore } from 'react'
import type all from './texts.json'

export type Language = 'en' | 'ko'
/** The key of a text; what begins with a dash only heads a section of the file. */
export type Key = Exclude<keyof typeof all, `—${string}`>
export type Values = Record<string, string | number>

export const languages: Record<Language, string> = { en: 'English', ko: '한국어' }

const storageKey = 'hutch.language'
let language: Language = chosen()
let texts: Texts = {}
const listeners = new Set<() => void>()

function chosen(): Language {
  const stored = localStorage.getItem(storageKey)
  if (stored === 'en' || stored === 'ko') return stored
  return navigator.language.startsWith('ko') ? 'ko' : 'en'
}

type Texts = Record<string, string>
export type Part = 'frame' | 'first' | 'rest'

/** What is loaded before which: of a part all that stand before it are needed, too. */
const order: Part[] = ['frame', 'first', 'rest']
const load: Record<Language, (() => Promise<{ default: Texts }>)[]> = {
  en: [() => import('./texts.json?en-frame'), () => import('./texts.json?en-first'), () => import('./texts.json?en-rest')],
  ko: [() => import('./texts.json?ko-frame'), () => import('./texts.json?ko-first'), () => import('./texts.json?ko-rest')],
}

/** What was asked for last; until its texts are there, the ones before are in use. */
let wanted = { language, parts: 0 }

/**
 * Loads texts up to a part, by default all: the frame's before the first render,
 * what the first page says before that, the rest before any other page.
 */
export async function loadTexts(of: Language = wanted.language, upTo: Part = 'rest'): Promise<void> {
  const mine = wanted = { language: of, parts: Math.max(wanted.parts, order.indexOf(upTo) + 1) }
  const loaded = await Promise.all(load[of].slice(0, mine.parts).map(f => f()))
  if (mine.language !== wanted.language || mine.parts < wanted.parts) return loadTexts(wanted.language, upTo)
  texts = Object.assign({}, ...loaded.map(m => m.default)) as Texts
  language = of
  document.documentElement.lang = of
}

/** Changes the texts of all that is on screen; nothing of it is built anew. */
export async function setLanguage(to: Language): Promise<void> {
  try {
    await loadTexts(to, 'frame')
  } catch (e) {
    wanted = { ...wanted, language }
    throw e
  }
  localStorage.setItem(storageKey, language) // another one may have been asked for meanwhile
  for (const f of listeners) f()
}

export const currentLanguage = (): Language => language

const subscribe = (f: () => void): () => void => {
  listeners.add(f)
  return () => listeners.delete(f)
}

/** The language in use, for what keeps texts between renders: a memo that holds some depends on it. */
export const useLanguage = (): Language => useSyncExternalStore(subscribe, currentLanguage)

/** Whether there is such a text: for keys that the server has a part in. */
export const known = (key: string): key is Key => key in texts

/** The text of a word of the server's; a word that has none is shown as it is. */
export const word = (key: string, otherwise: string): string => known(key) ? t(key) : otherwise

/**
 * The text of a key, to be called while rendering. `{name}` is replaced by a
 * value, numbers written as the language does; of `one|many` the part that fits n.
 */
export function t(key: Key, values: Values = {}): string {
  return parts(key, values).join('')
}

/** The text in parts, values apart: for elements in the middle of a sentence. */
export function parts<V>(key: Key, values: Record<string, V>): (string | V)[] {
  let text = texts[key] ?? key
  const forms = text.split('|')
  if (forms.length > 1 && 'n' in values) {
    const one = Number(values.n) === 1 || new Intl.PluralRules(language).select(Number(values.n)) === 'one'
    text = (one ? forms[0] : forms[1]) as string
  }
  return text.split(/(\{\w+\})/).map(part => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1]
    if (name === undefined || !(name in values)) return part
    const value = values[name] as V
    return typeof value === 'number' ? number(value) : value
  })
}

export function number(n: number, o: Intl.NumberFormatOptions = {}): string {
  return new Intl.NumberFormat(language, o).format(n)
}

/** A size in bytes, e.g. 1.5 MB. */
export function bytes(n: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']
  let i = 0
  for (; Math.abs(n) >= 1000 && i < units.length - 1; i++) n /= 1000
  return number(n, { style: 'unit', unit: units[i] as string, unitDisplay: i === 0 ? 'long' : 'short', maximumFractionDigits: n < 10 && i > 0 ? 1 : 0 })
}

/** A span of milliseconds, e.g. 12 ms, 3.2 s. */
export function span(ms: number): string {
  if (ms < 1000) return number(ms, { style: 'unit', unit: 'millisecond', maximumFractionDigits: ms < 10 ? 1 : 0 })
  if (ms < 120_000) return number(ms / 1000, { style: 'unit', unit: 'second', maximumFractionDigits: 1 })
  if (ms < 7_200_000) return number(ms / 60_000, { style: 'unit', unit: 'minute', maximumFractionDigits: 0 })
  return number(ms / 3_600_000, { style: 'unit', unit: 'hour', maximumFractionDigits: 0 })
}

export function dateTime(at: Date | string | number): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(at))
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [['year', 31_536_000], ['month', 2_592_000], ['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]]

/** How long ago, e.g. 3 minutes ago. */
export function ago(at: Date | string | number, now = Date.now()): string {
  const seconds = (new Date(at).getTime() - now) / 1000
  const [unit, size] = steps.find(([, s]) => Math.abs(seconds) >= s) ?? ['second', 1]
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(Math.round(seconds / size), unit)
}
