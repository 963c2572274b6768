import type { OAuthOptions } from './types.ts'
import { HutchError } from './error.ts'

/** Opens an address for a person and gives the one that the flow came back to; null: they left. */
export type Open = (url: string) => Promise<string | null | undefined>

const size = 'popup,width=480,height=680'
const ackMs = 1000

/** How a flow leaves: by the app's own way, a window above this page, or this page. Called in the click itself: later no window may open. */
export function opener(id: string, o: OAuthOptions): Open {
  if (o.open) return o.open
  if (typeof document === 'undefined') {
    throw new HutchError('invalid_argument', 'outside a page the app opens the address', { field: 'open' })
  }
  return o.popup ? popup(id) : redirect
}

function redirect(url: string): Promise<null> {
  location.assign(url)
  // Nothing comes of it here, but where the person goes back to this page as it stood.
  return new Promise(done => addEventListener('pageshow', e => e.persisted && done(null)))
}

/** Popups are told from other flows by their id, so that their page hands over. */
export const popupMark = 'p.'

function popup(id: string): Open {
  const w = window.open('about:blank', '_blank', size)
  if (!w) throw new HutchError('failed_precondition', 'the browser blocked the window', { hint: 'call it in a click, or without popup' })
  return url => new Promise(done => {
    const channel = new BroadcastChannel(id)
    let away = 0
    const end = (back: string | null) => {
      clearInterval(timer)
      channel.close()
      done(back)
    }
    // A provider may hide its window from us (COOP): `closed` is then true while the person is there, and this page has no focus.
    const timer = setInterval(() => {
      away = w.closed && document.hasFocus() ? away + 1 : 0
      if (away > 2) end(null)
    }, 500)
    channel.onmessage = m => {
      if (typeof m.data !== 'string') return
      channel.postMessage(true)
      w.close()
      setTimeout(() => end(m.data as string)) // a channel that closes at once may lose its message
    }
    w.opener = null // the provider's pages have no hold on this one
    w.location.replace(url)
  })
}

/** In the popup: whether the page that opened it takes the address over. Then this window is done. */
export async function handOver(id: string, url: string): Promise<boolean> {
  if (!id.startsWith(popupMark) || typeof BroadcastChannel === 'undefined') return false
  const channel = new BroadcastChannel(id)
  const taken = await new Promise<boolean>(done => {
    channel.onmessage = m => m.data === true && done(true)
    channel.postMessage(url)
    setTimeout(() => done(false), ackMs)
  })
  channel.close()
  if (taken) window.close()
  return taken
}
