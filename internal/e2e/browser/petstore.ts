import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { openBrowser } from './chromium.ts'
import { eventually, newEmail, password, patience, refetch, signUp, type Shop } from './shop.ts'

const pictures = process.env.PICTURES // where screenshots go, if anywhere

/**
 * What a person does in the pet store, in a real browser. midway runs while
 * pages are live, e.g. to kill a node; then pages may meet dead connections.
 */
export const petstore = (name: string, open: () => Promise<Shop>, midway?: (shop: Shop) => Promise<void>): void => void describe(name, () => {
  let shop: Shop
  let browser: Browser
  const contexts: BrowserContext[] = []
  const problems: string[] = []
  const expected = midway ? /status of (4\d\d|503)|WebSocket|net::ERR_/ : /status of (401|412|404|400|422)/

  before(async () => {
    shop = await open()
    browser = await openBrowser()
  })
  after(async () => {
    for (const c of contexts) await c.close()
    await browser?.close()
    await shop?.stop()
  })

  async function visitor(size = { width: 1280, height: 860 }): Promise<Page> {
    const context = await browser.newContext({ viewport: size })
    contexts.push(context)
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    page.on('pageerror', e => problems.push(String(e)))
    page.on('console', m => {
      if (m.type() === 'error' && !expected.test(m.text())) problems.push(m.text())
    })
    await page.goto(shop.url)
    await page.waitForSelector('main[data-live="live"] .card')
    return page
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (!pictures) return
    mkdirSync(pictures, { recursive: true })
    await page.screenshot({ path: join(pictures, name + '.png') })
  }

  async function signUpThere(page: Page, email: string): Promise<void> {
    await page.click('#account')
    await page.click('text=New here?')
    await page.fill('dialog [name=email]', email)
    await page.fill('dialog [name=password]', password)
    await page.click('dialog button[type=submit]')
    await page.waitForSelector('#account.in')
  }

  const stockOf = (page: Page, id: string) => page.textContent(`.card[data-id="${id}"] .stock`)

  it('shows, filters and sorts the shelf', async () => {
    const page = await visitor()
    assert.equal(await page.locator('.card').count(), 24)
    await picture(page, 'shelf')
    await page.click('.chip:has-text("Reptiles")')
    await eventually('only reptiles', async () => {
      const kinds = await page.locator('.card .kind').allTextContents()
      return kinds.length > 0 && kinds.every(k => k === 'Reptiles')
    })
    await page.selectOption('select', 'dear')
    await eventually('dear ones first', async () => {
      const prices = (await page.locator('.card .price').allTextContents()).map(p => Number(p.replace(/[^0-9.]/g, '')))
      return prices.length > 3 && prices.every((p, i) => i === 0 || p <= (prices[i - 1] as number))
    })
    await page.click('text=Show more')
    await eventually('more', async () => await page.locator('.card').count() > 24)
  })

  it('searches', async () => {
    const page = await visitor()
    await page.fill('input[type=search]', 'gecko')
    await page.press('input[type=search]', 'Enter')
    await eventually('geckos alone', async () => {
      const names = await page.locator('.card h3').allTextContents()
      return names.length > 0 && names.every(n => /gecko/i.test(n))
    })
    await picture(page, 'search')
  })

  it('lets two people shop: the other sees stock fall, the order appears, reload keeps the session', async () => {
    const ann = await visitor()
    const bob = await visitor({ width: 390, height: 844 })
    await picture(bob, 'phone')
    const id = await ann.locator('.card:not(.gone)').first().getAttribute('data-id') as string
    const before = await stockOf(bob, id)
    await ann.click(`.card[data-id="${id}"] .add`)
    await ann.click('.cartlink')
    await ann.waitForSelector('#buy')
    assert.equal(await ann.textContent('#buy'), 'Sign in to buy') // a guest cannot
    await ann.click('#buy')
    await ann.waitForSelector('dialog')
    await picture(ann, 'sign-in')
    await ann.click('dialog .close')
    const email = newEmail()
    await signUpThere(ann, email)
    await ann.click('.cartlink')
    await picture(ann, 'cart')
    await ann.click('#buy')
    await ann.waitForSelector('main .lines li[data-id]')
    await picture(ann, 'orders')
    await eventually('bob sees the stock fall without reload', async () => await stockOf(bob, id) !== before)
    const left = (s: string | null) => s === 'sold out' ? 0 : Number.parseInt(s ?? '')
    assert.equal(left(await stockOf(bob, id)), left(before) - 1)

    await ann.reload()
    await ann.waitForSelector('#account.in')
    await ann.waitForSelector('main .lines li[data-id]')
    assert.equal(await ann.textContent('#account'), email)

    // Bob signs up on his phone: he has no orders, and none of Ann's.
    await signUpThere(bob, newEmail())
    await bob.click('nav >> text=Orders')
    await bob.waitForSelector('main[data-live="live"]')
    assert.equal(await bob.locator('main .lines li').count(), 0)
  })

  it('shows orders live, in all of a person\'s pages', async () => {
    const page = await visitor()
    const email = newEmail()
    await signUpThere(page, email)
    await page.click('nav >> text=Orders')
    await page.waitForSelector('main[data-live="live"]')
    await midway?.(shop)
    const res = await refetch(shop.url + '/auth/v1/token?grant_type=password', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email, password }),
    })
    const { access_token } = await res.json() as { access_token: string }
    const bought = await refetch(shop.url + '/functions/v1/purchase', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer ' + access_token, 'idempotency-key': crypto.randomUUID() },
      body: JSON.stringify({ productId: 'p040', quantity: 1 }),
    })
    assert.equal(bought.status, 200, await bought.text())
    await page.waitForSelector('main .lines li[data-id]')
  })

  it('tells a buyer who comes too late', async () => {
    const ann = await visitor()
    await signUpThere(ann, newEmail())
    const { token } = await signUp(shop.url)
    const list = await (await fetch(`${shop.url}/data/v1/docs/products?where={"stock":1}&orderBy=name&limit=1`)).json() as { docs: { _id: string; name: string }[] }
    const last = list.docs[0] as { _id: string; name: string }
    await ann.fill('input[type=search]', last.name)
    await ann.press('input[type=search]', 'Enter')
    await ann.click(`.card[data-id="${last._id}"] .add`)
    const bought = await fetch(shop.url + '/functions/v1/purchase', {
      method: 'POST', headers: { 'content-type': 'application/json', authorization: 'Bearer ' + token, 'idempotency-key': crypto.randomUUID() },
      body: JSON.stringify({ productId: last._id, quantity: 1 }),
    })
    assert.equal(bought.status, 200)
    await ann.click('.cartlink')
    await ann.click('#buy')
    await ann.waitForSelector('.toast.bad:has-text("is sold out")')
  })

  it('gives the keeper a page, and nobody else', async () => {
    const stranger = await visitor()
    await signUpThere(stranger, newEmail())
    await stranger.goto(shop.url + '/#/keeper')
    await stranger.waitForSelector('text=This page is for keepers')

    const watcher = await visitor()
    const email = newEmail()
    const secret = shop.hutch('user', 'create', email, '--role', 'keeper').trim().split(/\s+/).at(-1) as string
    const keeper = await visitor()
    await keeper.click('#account')
    await keeper.fill('dialog [name=email]', email)
    await keeper.fill('dialog [name=password]', secret)
    await keeper.click('dialog button[type=submit]')
    await keeper.click('nav >> text=Keeper')
    const id = await watcher.locator('.card').first().getAttribute('data-id') as string
    const stock = keeper.locator(`tr[data-id="${id}"] input[data-field=stock]`)
    await stock.fill('77')
    await stock.press('Enter')
    await eventually('the shelf shows the new stock', async () => await stockOf(watcher, id) === '77 left')
    await picture(keeper, 'keeper')
    const price = keeper.locator(`tr[data-id="${id}"] input[data-field=price]`)
    await price.evaluate((e: HTMLInputElement) => {
      e.min = ''
      e.value = '-1'
      e.dispatchEvent(new Event('change'))
    })
    await keeper.waitForSelector('.toast.bad') // the before-hook refuses
  })

  it('signs out, here and in other tabs', async () => {
    const page = await visitor()
    await signUpThere(page, newEmail())
    const tab = await page.context().newPage()
    await tab.goto(shop.url)
    await tab.waitForSelector('#account.in')
    await page.click('#account')
    await page.click('dialog >> text="Sign out"')
    await tab.waitForSelector('#account:not(.in)')
    await page.waitForSelector('#account:not(.in)')
  })

  it('never let a page throw', () => assert.deepEqual(problems, []))
})

