// The dashboard of a real server, with an operator signed in.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { codeOf } from './authenticator.ts'
import { openBrowser } from './chromium.ts'
import { eventually, openShop, patience, root, type Shop } from './shop.ts'

const pictures = process.env.PICTURES // where screenshots go, if anywhere

export const desktop = { width: 1280, height: 860 }
export const phone = { width: 390, height: 844 }
export const operator = { email: 'ann@shop.example', password: 'correct horse battery staple' }

export interface Look { size?: { width: number; height: number }; scheme?: 'light' | 'dark'; language?: 'en' | 'ko' }

export interface Desk {
  /** Of the dashboard, without a slash at the end: /_/ is below it. */
  url: string
  /** Of the app. */
  shop: Shop
  browser: Browser
  /** A window of the operator who is signed in; watched. */
  page: Page
  /** Of the operator's authenticator app; `serve` asks for one. */
  secret: string | undefined
  /** What went wrong on any watched page: thrown, told to the console, blocked by the policy, asked of elsewhere. */
  problems: string[]
  /** Answers with these statuses are expected from here on: the console tells of each. */
  expect(...statuses: number[]): void
  /** A new window with the operator's session; or of a stranger. */
  open(look?: Look, stranger?: boolean): Promise<Page>
  /** Goes to a page of the dashboard, e.g. '/data?collection=products', and waits for it. */
  visit(page: Page, path: string): Promise<void>
  /** A new service key. */
  key(scope: string): string
  /** As the operator, the way the dashboard does it. */
  ask<T = unknown>(method: string, path: string, body?: unknown): Promise<T>
  /** Creates documents by a data key, 500 a commit. */
  seed(collection: string, docs: { _id?: string; [field: string]: unknown }[]): Promise<void>
  picture(page: Page, name: string): Promise<void>
  close(): Promise<void>
}

/** Starts a server with an app, by default the pet store, and makes the first operator by the printed link. */
export async function openDesk(command: 'dev' | 'serve' = 'dev', from?: string, env: Record<string, string> = {}): Promise<Desk> {
  const shop = await openShop(command, from, { HUTCH_ADMIN_LISTEN: '127.0.0.1:0', ...env })
  const browser = await openBrowser()
  const contexts: BrowserContext[] = []
  const problems: string[] = []
  const expected = new Set<number>()
  const url = await found(shop, /^dashboard on (\S+)\/_\/\n/m)

  const watch = (page: Page): void => {
    page.setDefaultTimeout(patience)
    page.on('pageerror', e => problems.push(`${page.url()}: ${e}`))
    page.on('dialog', d => {
      problems.push(`${page.url()}: a dialog: ${d.message()}`)
      void d.dismiss()
    })
    page.on('console', m => {
      const status = Number(/status of (\d+)/.exec(m.text())?.[1])
      if ((m.type() === 'error' || m.type() === 'warning') && !expected.has(status)) problems.push(`${page.url()}: ${m.text()} (${m.location().url})`)
    })
    page.on('request', r => {
      const to = new URL(r.url())
      if (!['data:', 'blob:'].includes(to.protocol) && to.host !== new URL(url).host) problems.push(`${page.url()}: asked ${r.url()}`)
    })
  }

  const desk: Desk = {
    url, shop, browser, problems, secret: undefined,
    page: undefined as unknown as Page,
    expect: (...statuses) => {
      for (const s of statuses) expected.add(s)
    },
    async open({ size = desktop, scheme = 'light', language = 'en' } = {}, stranger = false) {
      const context = await browser.newContext({
        viewport: size, colorScheme: scheme, locale: language === 'ko' ? 'ko-KR' : 'en-US', reducedMotion: 'reduce',
        ...(desk.page && !stranger && { storageState: { cookies: await desk.page.context().cookies(), origins: [] } }),
      })
      contexts.push(context)
      const page = await context.newPage()
      watch(page)
      return page
    },
    async visit(page, path) {
      await page.goto(url + '/_' + path)
      await settled(page)
    },
    key: scope => shop.hutch('key', 'create', 'tests', '--scope', scope).trim().split(/\s+/).findLast(w => w.startsWith('hutch_sk_')) as string,
    ask: (method, path, body) => desk.page.evaluate(async ([method, path, body]) => {
      const res = await fetch(path as string, {
        method: method as string, headers: { 'X-Hutch-Admin': '1', ...(body !== undefined && { 'Content-Type': 'application/json' }) }, ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await res.text()
      if (!res.ok) throw new Error(`${String(method)} ${String(path)}: ${res.status} ${text}`)
      return text === '' ? null : JSON.parse(text)
    }, [method, path, body]),
    async seed(collection, docs) {
      const key = desk.key('data')
      for (let i = 0; i < docs.length; i += 500) {
        const writes = docs.slice(i, i + 500).map(({ _id: id, ...data }) => ({ op: 'create', in: collection, ...(id !== undefined && { id }), data }))
        const res = await fetch(shop.url + '/data/v1/commit', {
          method: 'POST', headers: { 'content-type': 'application/json', authorization: 'Bearer ' + key }, body: JSON.stringify({ writes }),
        })
        assert.equal(res.status, 200, await res.text())
      }
    },
    async picture(page, name) {
      if (!pictures) return
      mkdirSync(pictures, { recursive: true })
      await page.screenshot({ path: join(pictures, name + '.png') })
    },
    async close() {
      for (const c of contexts) await c.close()
      await browser.close()
      await shop.stop()
    },
  }

  const link = command === 'dev' ? await found(shop, /this makes one: (\S+)\n/m) : readFileSync(await found(shop, /the link in (\S+) makes one\n/m), 'utf8').trim()
  desk.page = await desk.open()
  desk.secret = await setUp(desk.page, link)
  return desk
}

/** Text of the server's stderr. */
async function found(shop: Shop, pattern: RegExp): Promise<string> {
  await eventually(String(pattern), () => pattern.test(shop.log()))
  return pattern.exec(shop.log())?.[1] as string
}

/** Uses a one-time link as the first operator would; gives the secret of the authenticator app, if one was asked for. */
export async function setUp(page: Page, link: string, who = operator): Promise<string | undefined> {
  await page.goto(link)
  await page.waitForSelector('form')
  if (await page.locator('input[type=email]').count() > 0) await page.fill('input[type=email]', who.email)
  await page.fill('input[type=password]', who.password)
  await page.click('button[type=submit]')
  await page.waitForSelector('nav, main button:has-text("authenticator")')
  if (await page.locator('nav').count() > 0) return undefined
  await page.click('main button:has-text("authenticator")')
  const secret = await addTotp(page)
  await page.waitForSelector('nav')
  return secret
}

/** Where the QR code of a new authenticator app is shown: reads the secret beside it and types its code. */
export async function addTotp(page: Page): Promise<string> {
  const secret = (await page.textContent('code.secret') ?? '').replaceAll(' ', '')
  await page.fill('input[autocomplete=one-time-code]', codeOf(secret))
  return secret
}

/** The page is drawn and waits for nothing. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('#content h1, main h1, #content h2')
  await page.waitForFunction(() => !document.querySelector('[role=status] .mantine-Loader-root'))
}

const axeSource = (): string => readFileSync(createRequire(join(root, 'package.json')).resolve('axe-core/axe.min.js'), 'utf8')

/** axe-core finds nothing serious or critical in the page as it stands. */
export async function axe(page: Page): Promise<void> {
  await page.evaluate(axeSource())
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: (o: object) => Promise<{ violations: { id: string; impact: string; help: string; nodes: { html: string; failureSummary: string }[] }[] }> } }
    const { violations } = await axe.run({ resultTypes: ['violations'] })
    return violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
      .map(v => `${v.id} (${v.impact}): ${v.help}\n` + v.nodes.slice(0, 4).map(n => `  ${n.html.slice(0, 200)}\n  ${n.failureSummary.replaceAll('\n', ' ').slice(0, 300)}`).join('\n'))
  })
  assert.deepEqual(found, [], `${page.url()}\n${found.join('\n')}`)
}

/** Nothing makes the page wider than the window. */
export async function fits(page: Page): Promise<void> {
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth <= width) return []
    return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > width + 1).slice(-5).map(e => e.outerHTML.slice(0, 160))
  })
  assert.deepEqual(wide, [], `${page.url()} is wider than its window`)
}

/** What text from outside could have become in the page, had it been taken for HTML; and nothing of it is there. */
export async function inert(page: Page): Promise<void> {
  const found = await page.evaluate(() => {
    const bad = '#evil, script:not([src^="/_/"]), script:not([src]), iframe:not([sandbox]), img[src=x], img[src*=evil], link[href*=evil], meta[http-equiv], math, mglyph, form[action], [onerror], [onload], a[href^="javascript:" i], style:not([data-mantine-styles]):not([data-emotion])'
    return [...document.querySelectorAll(bad)].filter(e => e.tagName !== 'STYLE' || /evil/.test(e.textContent)).map(e => e.outerHTML.slice(0, 200))
  })
  assert.deepEqual(found, [], page.url())
}

/** Tab reaches every control in the page's content, and the focus can be seen. */
export async function keyboard(page: Page, most = 200): Promise<void> {
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
  const all = await page.evaluate(() => {
    const shown = (e: Element) => e.checkVisibility({ visibilityProperty: true }) && (e as HTMLElement).tabIndex >= 0 && !(e as HTMLButtonElement).disabled
    const them = [...document.querySelectorAll('#content :is(a[href], button, input:not([type=hidden]), select, textarea, [role=grid])')].filter(shown)
    them.forEach((e, i) => e.setAttribute('data-seen', String(i)))
    const groups = new Set(them.filter(e => e.matches('input[type=radio]')).map(e => (e as HTMLInputElement).name))
    return { count: them.filter(e => !e.matches('input[type=radio]')).length + groups.size }
  })
  const reached = new Set<string>()
  for (let i = 0; i < most && reached.size < all.count; i++) {
    await page.keyboard.press('Tab')
    const at = await page.evaluate(() => document.activeElement?.getAttribute('data-seen') ?? null)
    if (at !== null) reached.add(at)
  }
  assert.ok(reached.size >= Math.min(all.count, most / 2), `${page.url()}: Tab reached ${reached.size} of ${all.count} controls`)
}
