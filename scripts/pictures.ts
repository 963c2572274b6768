// Run by pictures.sh.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { openDesk, phone, type Desk, type Look } from '../internal/e2e/browser/dashboard.ts'
import { eventually, password, root, signUp } from '../internal/e2e/browser/shop.ts'

interface Person { token: string; uid: string; email: string; since?: number }

const people = [
  'ada.kim', 'ben.okafor', 'chloe.martin', 'daniel.park', 'eva.novak', 'femi.adeyemi', 'grace.lee', 'hugo.silva', 'ines.costa', 'jun.choi', 'kira.ivanova', 'leo.rossi',
  'mina.park', 'noor.haddad', 'oscar.berg', 'priya.nair', 'quinn.obrien', 'rosa.mendez', 'seo.yeon', 'tomas.dvorak',
].map(name => name + '@example.com')
const look = { width: 1280, height: 800 }
const headers = (token: string) => ({ 'content-type': 'application/json', authorization: 'Bearer ' + token })
const pause = (ms: number) => new Promise(r => setTimeout(r, ms))

let over = false
const desk = await openDesk('dev')
try {
  const { shop: { url } } = desk
  const crowd: Person[] = []
  for (const email of people) crowd.push(await signUp(url, email))
  await settle(desk, crowd)
  for (const [i, p] of crowd.entries()) void follow(url, i % 4 === 3 ? undefined : p, i)
  await live(desk, crowd, Number(process.env.PICTURES_MINUTES ?? 20))
  await pictures(desk, crowd)
} finally {
  over = true
  await desk.close()
}

/** A keeper, somebody who is banned, a second operator who is invited: what a shop has after a while. */
async function settle({ ask }: Desk, crowd: Person[]): Promise<void> {
  const user = (i: number) => '/admin/v1/auth/users/' + crowd[i]?.uid
  await ask('PUT', user(0), { roles: ['keeper'] })
  await ask('PUT', user(9), { roles: ['keeper'] })
  await ask('PUT', user(14), { ban_duration: '72h' })
  for (const [i, name] of ['Ada Kim', 'Ben Okafor', 'Chloe Martin'].entries()) await ask('PUT', user(i), { user_metadata: { name } })
}

/** Follows the shelf, as the shop's page does, and the person's own orders; again when the token has ended. */
async function follow(url: string, person: Person | undefined, i: number): Promise<void> {
  const again = () => {
    if (!over) setTimeout(() => void follow(url, person, i), 1000)
  }
  const token = person && await tokenOf(url, person).catch(() => undefined)
  if (person && !token) return again()
  const s = new WebSocket(url.replace('http', 'ws') + '/realtime/v1', 'hutch.v1')
  const queries = [{ from: 'products', limit: 20 }, { from: 'products', where: { species: ['cat', 'dog', 'bird', 'fish'][i % 4] } }, ...token ? [{ from: 'orders', orderBy: [['_createdAt', 'desc']], limit: 10 }] : []]
  s.onopen = () => s.send(JSON.stringify({ t: 'hello', proto: 1, ...token && { token }, client: i % 3 === 0 ? 'python/1.2.0' : 'js/1.4.2' }))
  s.onmessage = e => {
    if ((JSON.parse(String(e.data)) as { t: string }).t === 'welcome') s.send(JSON.stringify({ t: 'sub', subs: queries.map((query, id) => ({ id, query })) }))
  }
  s.onclose = again
}

/** People buy, search and make mistakes, for so many minutes (PICTURES_MINUTES): what the plots show has happened. */
async function live({ shop: { url }, key }: Desk, crowd: Person[], minutes: number): Promise<void> {
  const { docs } = await (await fetch(url + '/data/v1/docs/products?limit=100')).json() as { docs: { _id: string }[] }
  const keeper = key('data')
  const end = Date.now() + minutes * 60_000
  let bought = 0
  const step = async (n: number): Promise<void> => {
    const token = await tokenOf(url, crowd[n % 7 === 0 ? 3 : (n * 5) % crowd.length] as Person)
    const id = docs[(n * 7) % docs.length]?._id ?? ''
    const ask = async (path: string, init?: RequestInit) => {
      const res = await fetch(url + path, init)
      await res.arrayBuffer()
      return res.ok
    }
    const buy = (productId: string, quantity: number) => ask('/functions/v1/purchase', { method: 'POST', body: JSON.stringify({ productId, quantity }), headers: { ...headers(token), 'idempotency-key': crypto.randomUUID() } })
    if (await buy(id, 1 + n % 2)) bought++
    await ask(`/api/search?q=${['gecko', 'cat', 'parrot', 'fish'][n % 4]}`)
    await ask(`/data/v1/docs/products?limit=20&orderBy=-price`, { headers: headers(token) })
    if (n % 9 === 4) await buy(id, 90) // more than there are
    if (n % 23 === 7) await buy('no-such-pet', 1)
    if (n % 31 === 11) await ask('/data/v1/docs/products/gone', { headers: headers(token) })
    if (n % 3 === 0) await ask(`/data/v1/docs/products/${id}`, { method: 'PATCH', headers: headers(keeper), body: JSON.stringify({ $inc: { stock: 4 } }) }) // new ones came in
  }
  let failed = 0
  for (let n = 0; Date.now() < end || bought === 0 || n < 30; n++) { // at least one of each mistake
    await step(n).catch(e => { // one that fails is no reason to begin anew
      if (++failed > 20) throw e
    })
    await pause(250 + 900 * (0.5 + 0.5 * Math.sin(n / 40)) * Math.random())
  }
}

/** A token that holds: those of long ago have ended. */
async function tokenOf(url: string, p: Person): Promise<string> {
  const now = Date.now()
  if (now - (p.since ??= now) > 8 * 60_000) {
    const res = await fetch(url + '/auth/v1/token?grant_type=password', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: p.email, password }) })
    if (res.ok) Object.assign(p, { token: (await res.json() as { access_token: string }).access_token, since: now })
  }
  return p.token
}

async function pictures(d: Desk, crowd: Person[]): Promise<void> {
  const { docs: [order] } = await d.ask<{ docs: { _id: string; user: string }[] }>('GET', '/data/v1/docs/orders?limit=1')
  assert.ok(order)
  const { runs: [failed] } = await d.ask<{ runs: { id: string; at: string }[] }>('GET', '/admin/v1/runs?function=purchase&outcome=refused&q=sold%20out')
  assert.ok(failed)
  const plots = async (page: Page) => {
    await page.waitForSelector('[data-plot=requests] .recharts-area-curve')
  }
  const rows = (n: number) => (page: Page) => eventually(`${n} rows`, async () => await page.locator('#content [role=row]').count() > n)
  await take(d, 'overview', '/overview', {}, plots)
  await take(d, 'data', '/data?in=products', {}, async page => {
    await page.waitForSelector('[data-live=live]')
    await rows(15)(page)
  })
  await take(d, 'users', '/users?user=' + crowd[0]?.uid, {}, async page => {
    await page.waitForSelector('[role=dialog] [role=tabpanel]:visible')
    await rows(10)(page)
  })
  await take(d, 'functions', '/functions?' + new URLSearchParams({ fn: 'purchase', run: `${failed.id} ${failed.at}` }).toString(), {}, async page => {
    await page.waitForSelector('[role=dialog] :text("purchase")')
    await rows(10)(page)
  })
  await take(d, 'live', '/live?tab=connections', {}, rows(10))
  await take(d, 'rules', '/rules?' + new URLSearchParams({ rule: 'access/orders/read', as: order.user, id: order._id }).toString(), {}, async page => {
    await page.getByRole('button', { name: 'Judge' }).click()
    await page.locator('mark[data-deciding]').first().waitFor()
  })
  await take(d, 'logs', '/logs?range=1h', {}, rows(20))
  await take(d, 'settings', '/settings?tab=config', {}, async page => {
    await page.waitForSelector('#content table tr')
  })
  await take(d, 'palette', '/data?in=orders', { scheme: 'dark' }, async page => {
    await page.keyboard.press('Control+k')
    await page.waitForSelector('.mantine-Spotlight-search:focus')
    await page.keyboard.type('pur')
    await page.locator('.mantine-Spotlight-action', { hasText: 'purchase' }).first().waitFor()
  })
  await take(d, 'phone', '/overview', { size: phone }, plots)
  assert.deepEqual(d.problems, [])
}

/** A page with the files of dashboard/dist as they are now, at rest. */
async function take(d: Desk, name: string, path: string, how: Look = {}, act?: (page: Page) => Promise<void>): Promise<void> {
  const page = await d.open({ size: look, ...how })
  await fresh(page.context())
  await d.visit(page, path)
  await act?.(page)
  await page.waitForTimeout(2000) // plots and highlights come to rest
  await d.picture(page, 'dashboard-' + name)
  await page.context().close()
}

async function fresh(context: BrowserContext): Promise<void> {
  await context.route('**/_/assets/**', async route => {
    const path = join(root, 'dashboard/dist', new URL(route.request().url()).pathname.slice('/_/'.length))
    await (existsSync(path) ? route.fulfill({ path }) : route.continue())
  })
}
