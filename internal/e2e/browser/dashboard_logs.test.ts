import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { axe, desktop, fits, inert, openDesk, phone, type Desk } from './dashboard.ts'
import { eventually, signUp } from './shop.ts'

describe('the Logs page, in a browser', () => {
  let desk: Desk
  let page: Page
  let ann: { token: string; uid: string }
  const rows = (text: string | RegExp) => page.locator('[role=rowgroup] [role=row]', { hasText: text })
  const get = (path: string): Promise<Response> => fetch(desk.shop.url + path, { headers: { authorization: 'Bearer ' + ann.token } })

  before(async () => {
    desk = await openDesk('dev')
    page = await desk.open()
    ann = await signUp(desk.shop.url)
    for (let i = 0; i < 30; i++) await get('/data/v1/docs/products?limit=1')
    await get('/data/v1/docs/products/secret-id?token=secret-word')
    await get('/data/v1/docs/_users')
    await fetch(desk.shop.url + '/api/search?q=cat')
  })
  after(() => desk?.close())

  it('lists requests, runs and the audit, the newest first, and never what they asked', async () => {
    await desk.visit(page, '/logs')
    await rows('GET /api/search').first().waitFor()
    await rows('search').first().waitFor()
    assert.ok(await rows('GET /data/v1/docs/{collection}').count() > 5)
    const text = await page.textContent('#content') ?? ''
    for (const secret of ['secret-id', 'secret-word', ann.token.slice(0, 20), '127.0.0.1 ']) assert.ok(!text.includes(secret), secret)
    await inert(page)
    await axe(page)
    await desk.picture(page, 'logs')
  })

  it('is filtered by text, kind, level, status and time, and the URL keeps it', async () => {
    await desk.visit(page, '/logs?kind=request&status=404')
    await rows('not_found').first().waitFor()
    assert.equal(await page.locator('[role=rowgroup] [role=row]').count(), await rows('404').count())
    await page.fill('input[placeholder="Search text"]', 'no such words')
    await page.getByText('No entry of this time matches').waitFor()
    assert.match(page.url(), /q=no\+such/)
    await page.goBack()
    await desk.visit(page, '/logs?level=warn')
    await rows('not_found').first().waitFor()
    assert.equal(await rows('GET /api/search').count(), 0)
    await desk.visit(page, '/logs?range=custom&from=2020-01-01T00:00&to=2020-01-02T00:00')
    await page.getByText('Nothing was logged').waitFor()
  })

  it('goes from an entry to all of its request and of its user', async () => {
    await desk.visit(page, '/logs?kind=request&status=404')
    await rows('not_found').first().locator('[role=gridcell]').first().click()
    const drawer = page.getByRole('dialog')
    await drawer.getByText('Everything of this request').waitFor()
    await axe(page)
    await desk.picture(page, 'logs-entry')
    await drawer.getByText('Everything of this user').click()
    await page.waitForURL(/user=/)
    await eventually('all of theirs', async () => await rows(ann.uid).count() > 10)
    await page.getByRole('button', { name: 'Remove the filter User' }).click()
    await page.waitForURL(u => !u.searchParams.has('user'))
  })

  it('opens the entry of a link, whatever the list holds', async () => {
    const { logs } = await desk.ask<{ logs: { id: string; kind: string }[] }>('GET', '/admin/v1/logs?limit=200')
    for (const kind of ['request', 'function', 'audit']) {
      const entry = logs.find(l => l.kind === kind)
      assert.ok(entry, kind)
      await desk.visit(page, '/logs?range=custom&from=2020-01-01T00:00&to=2020-01-02T00:00&entry=' + encodeURIComponent(entry.id))
      await page.getByText('Nothing was logged').waitFor()
      await page.getByRole('dialog').locator('.mantine-Badge-root', { hasText: kind }).first().waitFor()
    }
    desk.expect(404)
    await desk.visit(page, '/logs?entry=nothing')
    await page.getByText('This entry is not kept any more').waitFor()
  })

  it('goes from an error in one click to its request, its run and its documents', async () => {
    const { docs } = await (await get('/data/v1/docs/products?limit=1')).json() as { docs: { _id: string }[] }
    const id = docs[0]?._id as string
    const res = await fetch(desk.shop.url + '/functions/v1/purchase', {
      method: 'POST', body: JSON.stringify({ productId: id, quantity: 10 }),
      headers: { 'content-type': 'application/json', authorization: 'Bearer ' + ann.token, 'idempotency-key': crypto.randomUUID() },
    })
    const { requestId } = await res.json() as { requestId: string }
    assert.equal(res.status, 412)
    for (const kind of ['request', 'function']) {
      const open = async (): Promise<void> => {
        await desk.visit(page, `/logs?kind=${kind}&level=warn&range=15m`)
        await rows('purchase').or(rows('/functions/v1/{name}')).first().locator('[role=gridcell]').first().click()
        await page.getByRole('dialog').getByText('Documents it asked for').waitFor()
      }
      await open()
      await desk.picture(page, 'logs-error-' + kind)
      await axe(page)
      await page.getByRole('dialog').getByText('Everything of this request').click()
      await page.waitForURL(u => u.searchParams.get('request') === requestId)
      await rows('purchase').first().waitFor()
      await open()
      await page.getByRole('dialog').locator('a[href*="fn=purchase"][href*="run="]').first().click()
      await page.waitForURL(u => u.pathname.endsWith('/functions') && u.searchParams.get('fn') === 'purchase')
      await page.getByRole('dialog').getByText('Documents it asked for').waitFor()
      await open()
      await page.getByRole('dialog').getByText(`products/${id}`).click()
      await page.waitForURL(u => u.pathname.endsWith('/data') && u.searchParams.get('doc') === id)
      await page.getByRole('dialog').locator('.cm-content', { hasText: 'species' }).waitFor()
    }
  })

  it('goes from a row of the audit to whom it is about', async () => {
    await desk.visit(page, '/logs?kind=audit&q=' + ann.uid)
    await rows('signed_up').or(rows('signed_in')).first().locator('[role=gridcell]').first().click()
    await page.getByRole('dialog').getByText('Everything of this user').waitFor()
    await page.getByRole('dialog').locator(`dd a[href*="user=${ann.uid}"]`).last().click()
    await page.waitForURL(u => u.pathname.endsWith('/users') && u.searchParams.get('user') === ann.uid)
  })

  it('is worked by keyboard', async () => {
    await desk.visit(page, '/logs?kind=request')
    await rows('GET').first().waitFor()
    await page.locator('[role=grid]').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.waitForURL(u => !u.searchParams.has('entry'))
  })

  it('shows what comes, until it is paused', async () => {
    await desk.visit(page, '/logs?kind=request&live=1&route=search')
    await rows('GET /api/search').first().waitFor()
    const before = await rows('GET /api/search').count()
    await fetch(desk.shop.url + '/api/search?q=dog')
    await eventually('the request', async () => await rows('GET /api/search').count() > before)
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.waitForURL(u => !u.searchParams.has('live'))
  })

  it('fits a phone, in both schemes and languages', async () => {
    const small = await desk.open({ size: phone, scheme: 'dark', language: 'ko' })
    await desk.visit(small, '/logs')
    await small.locator('[role=rowgroup] [role=row]').first().waitFor()
    await fits(small)
    await axe(small)
    await desk.picture(small, 'logs-phone')
    const dark = await desk.open({ size: desktop, scheme: 'dark' })
    await desk.visit(dark, '/logs?level=warn')
    await axe(dark)
    await desk.picture(dark, 'logs-dark')
    assert.deepEqual(desk.problems.filter(p => !/404|403/.test(p)), [])
  })
})
