import { HutchError } from '@hutch/client'
import { h, svg, toast } from './dom.ts'
import { hutch, words } from './store.ts'

type Provider = Parameters<typeof hutch.auth.signInWithOAuth>[0]

const names: Record<Provider, string> = { google: 'Google', github: 'GitHub', openid: 'OpenID' }
const marks: Record<Provider | 'passkey', [box: number, ...paths: [d: string, fill: string][]]> = {
  google: [18,
    ['M17.64 9.2c0-.637-.057-1.251-.164-1.84H9v3.481h4.844a4.14 4.14 0 0 1-1.796 2.716v2.259h2.908c1.702-1.567 2.684-3.875 2.684-6.615z', '#4285f4'],
    ['M9 18c2.43 0 4.467-.806 5.956-2.18l-2.908-2.259c-.806.54-1.837.86-3.048.86-2.344 0-4.328-1.584-5.036-3.711H.957v2.332A8.997 8.997 0 0 0 9 18z', '#34a853'],
    ['M3.964 10.71A5.41 5.41 0 0 1 3.682 9c0-.593.102-1.17.282-1.71V4.958H.957A8.996 8.996 0 0 0 0 9c0 1.452.348 2.827.957 4.042l3.007-2.332z', '#fbbc05'],
    ['M9 3.58c1.321 0 2.508.454 3.44 1.345l2.582-2.58C13.463.891 11.426 0 9 0A8.997 8.997 0 0 0 .957 4.958L3.964 7.29C4.672 5.163 6.656 3.58 9 3.58z', '#ea4335'],
  ],
  github: [16, ['M8 0C3.58 0 0 3.58 0 8c0 3.54 2.29 6.53 5.47 7.59.4.07.55-.17.55-.38 0-.19-.01-.82-.01-1.49-2.01.37-2.53-.49-2.69-.94-.09-.23-.48-.94-.82-1.13-.28-.15-.68-.52-.01-.53.63-.01 1.08.58 1.23.82.72 1.21 1.87.87 2.33.66.07-.52.28-.87.51-1.07-1.78-.2-3.64-.89-3.64-3.95 0-.87.31-1.59.82-2.15-.08-.2-.36-1.02.08-2.12 0 0 .67-.21 2.2.82.64-.18 1.32-.27 2-.27.68 0 1.36.09 2 .27 1.53-1.04 2.2-.82 2.2-.82.44 1.1.16 1.92.08 2.12.51.56.82 1.27.82 2.15 0 3.07-1.87 3.75-3.65 3.95.29.25.54.73.54 1.48 0 1.07-.01 1.93-.01 2.2 0 .21.15.46.55.38A8.013 8.013 0 0 0 16 8c0-4.42-3.58-8-8-8z', 'currentColor']],
  openid: [24, ['M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm0 5a3.2 3.2 0 1 1 0 6.4A3.2 3.2 0 0 1 12 7zm0 13a8 8 0 0 1-6.1-2.8c.3-2 3.9-3 6.1-3s5.8 1 6.1 3A8 8 0 0 1 12 20z', 'currentColor']],
  passkey: [24, ['M12 2a5 5 0 0 0-5 5c0 1.9 1 3.5 2.6 4.4V22l2.4 2 2.6-2.2-1.6-1.6 1.6-1.6-1.6-1.8 1.4-1.6v-3.8A5 5 0 0 0 12 2zm0 2.4a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4z', 'currentColor']],
}

export const settings = hutch.auth.settings().catch(() => ({ providers: [] as Provider[], signUp: true, confirmEmail: false, otp: false, anonymous: false }))

export function nameOf(provider: string): string {
  return names[provider as Provider] ?? provider
}

/**
 * A button that leads to a provider: in a window above the page where there is
 * room for one, else in place of it. done hears of a sign-in.
 */
export function providerButton(provider: Provider, does: string, begin: 'signInWithOAuth' | 'linkIdentity', done: () => void): HTMLElement {
  return markedButton(provider, `${does} ${names[provider]}`, async () => {
    await leave(provider, begin, matchMedia('(min-width: 720px)').matches)
    done()
  })
}

export function markedButton(what: Provider | 'passkey', text: string, act: () => Promise<unknown>): HTMLElement {
  const [box, ...paths] = marks[what]
  const mark = svg('svg', { viewBox: `0 0 ${box} ${box}`, width: 20, height: 20, 'aria-hidden': 'true' },
    ...paths.map(([d, fill]) => svg('path', { d, fill })))
  const go = async () => {
    button.setAttribute('disabled', '')
    try {
      await act()
    } catch (e) {
      if (!HutchError.is(e, 'cancelled')) toast(words(e), 'bad') // whoever changed their mind knows it
    } finally {
      button.removeAttribute('disabled')
    }
  }
  const button = h('button', { type: 'button', class: 'provider', 'data-provider': what, onclick: go }, mark as Node, text)
  return button
}

async function leave(provider: Provider, begin: 'signInWithOAuth' | 'linkIdentity', popup: boolean): Promise<void> {
  try {
    await hutch.auth[begin](provider, { popup })
  } catch (e) {
    if (!popup || !HutchError.is(e, 'failed_precondition')) throw e
    await hutch.auth[begin](provider) // the browser blocks windows
  }
}
