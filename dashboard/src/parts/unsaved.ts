import { navigate, useLocationProperty, type BrowserLocationHook, type BrowserSearchHook } from 'wouter/use-browser-location'
import { t } from '../text.ts'
import { confirm } from './Confirm.tsx'

/** Something on screen that would be lost, and the addresses that keep it there. */
export interface Guard { stays: (to: URL) => boolean; question?: (() => Question) | undefined }
/** Instead of the usual question. */
export interface Question { title: string; about: string; action: string }
/** What navigating may say: `anyway` where nothing is lost by it, as after saving. */
export interface NavigateOptions { replace?: boolean; state?: unknown; anyway?: boolean }

const guards = new Set<Guard>()
const indexOf = (state: unknown): number | undefined => {
  const at = (state as { at?: unknown } | null)?.at
  return typeof at === 'number' ? at : undefined
}
let here = new URL('about:blank') // the address that is drawn
let at = 0 // its place in the history, which also stands in the entry's state
let held = false // the browser is elsewhere, and on its way back
let passing = false // the way was allowed

export function guard(g: Guard): () => void {
  guards.add(g)
  return () => guards.delete(g)
}

/** The address that is drawn; while the browser comes back to it, location tells another. */
export const drawn = (): URL => here

const loser = (to: URL): Guard | undefined => [...guards].find(g => !g.stays(to))

function ask(g: Guard, go: () => void): void {
  confirm({ ...g.question?.() ?? { title: t('unsaved.title'), about: t('unsaved.about'), action: t('unsaved.leave') }, run: async () => go() })
}

/** For the router's aroundNav: asks before it leads away from what is not saved. */
export function aroundNavigation(go: (to: string, o?: NavigateOptions) => void, to: string, o: NavigateOptions = {}): void {
  const move = () => {
    at = o.replace ? at : at + 1
    go(to, { ...o, state: { ...o.state as object | undefined, at } })
    here = new URL(location.href)
  }
  const lost = o.anyway ? undefined : loser(new URL(to, location.href))
  if (lost) ask(lost, move)
  else move()
}

/** The browser's back and forward: they have happened when they are told, and are taken back until the person has agreed. */
function onPop(e: PopStateEvent): void {
  const to = indexOf(e.state)
  if (held) { // back where the form is
    held = false
    e.stopImmediatePropagation()
    return
  }
  if (to === undefined) return mark() // a link within the page
  const steps = to - at
  const lost = passing || steps === 0 ? undefined : loser(new URL(location.href))
  if (!lost) {
    passing = false
    at = to
    here = new URL(location.href)
    return
  }
  e.stopImmediatePropagation()
  held = true
  history.go(-steps)
  ask(lost, () => {
    passing = true
    history.go(steps)
  })
}

/** Writes the place of an entry into its state. */
function mark(): void {
  const known = indexOf(history.state)
  if (known === undefined && here.protocol !== 'about:') at++
  at = known ?? at
  here = new URL(location.href)
  if (known === undefined) history.replaceState({ ...history.state as object | null, at }, '')
}

function onUnload(e: BeforeUnloadEvent): void {
  if (guards.size > 0) e.preventDefault()
}

/** Begins to watch; once, before the first render. */
export function watchNavigation(): void {
  mark()
  addEventListener('popstate', onPop, { capture: true })
  addEventListener('beforeunload', onUnload)
}

const search: BrowserSearchHook = () => useLocationProperty(() => held ? here.search : location.search)

/** For the router: the address that is drawn, which stays while the browser is on its way back to it. */
export const useGuardedLocation: BrowserLocationHook & { searchHook: BrowserSearchHook } = Object.assign<BrowserLocationHook, { searchHook: BrowserSearchHook }>(
  () => [useLocationProperty(() => held ? here.pathname : location.pathname), navigate], { searchHook: search },
)
