// Files of other makes, imports that go on, and what an address of a dialog says.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { axe, fits, openDesk, phone, type Desk } from './dashboard.ts'
import { eventually, patience } from './shop.ts'

describe('imports and exports of the Data page, in a browser', () => {
  let desk: Desk
  let page: Page
  const dialog = '[role=dialog]'
  const stored = (id: string): Promise<Record<string, unknown>> => desk.ask('GET', `/data/v1/docs/products/${id}`)
  const choose = async (name: string, text: string, on = page, input = `${dialog} input[type=file]`): Promise<void> =>
    on.setInputFiles(input, { name, mimeType: 'text/plain', buffer: Buffer.from(text) })

  before(async () => {
    desk = await openDesk('dev')
    page = await desk.open()
  })
  after(() => desk?.close())

  it('shows what each column of a table becomes, and takes tabs and semicolons', async () => {
    await desk.visit(page, '/data?in=products&panel=import')
    await choose('pets.tsv', 'Nr\tName\tspecies\tprice\tstock\tdescription\tPrivate\nm1\tRex, the Dog\tdog\t12.5\t3\tgood\tx\n')
    await page.waitForSelector(`${dialog} input[aria-label="Field of Nr"]`)
    assert.equal(await page.inputValue(`${dialog} input[aria-label="Field of Name"]`), 'name')
    assert.match(await page.locator(`${dialog} select[aria-label="Type of price"] option:checked`).textContent() ?? '', /number \(schema\)/)
    await page.fill(`${dialog} input[aria-label="Field of Nr"]`, 'name')
    await page.waitForSelector(`${dialog} button:has-text("Import"):disabled`) // two columns of the same field
    await page.fill(`${dialog} input[aria-label="Field of Nr"]`, '_id')
    await page.selectOption(`${dialog} select[aria-label="Type of Private"]`, 'skip')
    await axe(page)
    await desk.picture(page, 'data-import-columns')
    await page.click(`${dialog} button:has-text("Import"):enabled`)
    await page.waitForSelector('[data-import=done]:has-text("1 written")')
    await page.waitForSelector('text="All lines are in."')
    const { name, price, Private } = await stored('m1')
    assert.deepEqual([name, price, Private], ['Rex, the Dog', 12.5, undefined])

    await desk.visit(page, '/data?in=products&panel=import')
    await choose('pets.csv', '_id;name;species;price;stock;description\nm2;Mia;cat;1.5;1;a,b\n')
    await page.waitForSelector(`${dialog} input[aria-label="Field of species"]`)
    await page.click(`${dialog} button:has-text("Import"):enabled`)
    await page.waitForSelector('[data-import=done]:has-text("1 written")')
    assert.equal((await stored('m2')).description, 'a,b')
  })

  it('goes on with an import that broke off, without sending again what is done', async () => {
    const lines = Array.from({ length: 9000 }, (_, i) => JSON.stringify({ _id: 'r' + i, name: 'r' + i, species: 'fish', price: 1.5, stock: 1, description: 'x'.repeat(80) }))
    const file = lines.join('\n')
    const sent: string[] = []
    let broken = true
    await page.route('**/parts/*', async route => {
      const part = /parts\/(\d+)/.exec(route.request().url())?.[1] as string
      sent.push(part)
      if (broken && part === '2') await route.fulfill({ status: 500, contentType: 'application/json', body: '{"code":"internal","message":"the disk is gone"}' })
      else await route.continue()
    })
    desk.expect(500)
    await desk.visit(page, '/data?in=products&panel=import')
    await choose('fish.jsonl', file)
    await page.click(`${dialog} button:has-text("Import"):enabled`)
    await page.waitForSelector('text="the disk is gone"')
    assert.equal(await page.locator('text="All lines are in."').count(), 0)
    assert.deepEqual(sent, ['1', '2'])
    await page.click('text="Go on"')
    await eventually('another try', () => sent.length === 3)
    await page.waitForSelector('text="the disk is gone"')
    assert.deepEqual(sent, ['1', '2', '2'])

    broken = false
    await page.reload() // as on another day
    const row = '[data-import-open]'
    await page.waitForSelector(`${row}:has-text("fish.jsonl")`)
    await desk.picture(page, 'data-import-unfinished')
    await choose('fish.jsonl', file + ' ', page, `${row} input[type=file], ${dialog} [role=region] input[type=file]`)
    await page.waitForSelector(`${row} [role=alert]:has-text("another file")`)
    await choose('fish.jsonl', file, page, `${dialog} >> input[type=file] >> nth=-1`)
    await page.waitForSelector('text=/This file was begun before: [\\d,]+ lines are done/')
    await page.click('[role=status] >> text="Go on"')
    await page.waitForSelector('[data-import=done]:has-text("9,000 lines")', { timeout: 3 * patience })
    await page.waitForSelector('text="All lines are in."')
    assert.deepEqual(sent.slice(3), ['2', '3'])
    assert.equal((await stored('r8999')).name, 'r8999')
    await page.unroute('**/parts/*')
    await page.click('text="Close"')
    await page.waitForSelector(dialog, { state: 'detached' })
  })

  it('exports past the rules whatever the address says of eyes, and tells how far it is', async () => {
    await desk.visit(page, '/data?in=orders&as=guest&panel=export')
    await page.waitForSelector(`${dialog}:has-text("Export from orders")`)
    assert.equal(await page.locator('text=/You see what/').count(), 0)
    await page.click(`${dialog} button:has-text("Cancel")`)
    await page.waitForURL(u => !u.searchParams.has('as') && !u.searchParams.has('panel'))

    const line = '{"_id":"a"}\n'
    let seen = () => {}
    const shown = new Promise<void>(done => { seen = done })
    await page.route('**/export?*', async route => { // a long one, in two pages
      if (!route.request().url().includes('after=')) return route.fulfill({ body: line + line, headers: { 'Hutch-Next': 'x', 'Hutch-Total': '3' } })
      await shown
      await route.fulfill({ body: line })
    })
    await desk.visit(page, '/data?in=orders&panel=export')
    await page.click(`${dialog} button:has-text("Export")`)
    await page.waitForSelector('[data-export]:has-text("2 of 3")')
    await axe(page)
    const download = page.waitForEvent('download')
    seen()
    await download
    await page.waitForSelector('text=/^3 documents exported/')
    await page.unroute('**/export?*')
  })

  it('asks before a view that others use goes, and says whose it is', async () => {
    await desk.visit(page, '/data?in=products&sort=-price')
    await page.click('text="Views"')
    await page.click('text="Save this view"')
    await page.fill(`${dialog} input:not([type=checkbox])`, 'Dear ones')
    await page.check(`${dialog} input[type=checkbox]`)
    await page.click(`${dialog} button[type=submit]`)
    await page.waitForURL(/view=/)
    await page.route('**/admin/v1/views*', async route => { // as another operator sees it
      const { views } = await desk.ask<{ views: { mine: boolean; owner: string }[] }>('GET', '/admin/v1/views?collection=products')
      await route.fulfill({ json: { next: '', views: views.map(v => ({ ...v, mine: false, owner: 'bob@shop.example' })) } })
    })
    await page.reload()
    await page.click('[role=toolbar] >> text="Dear ones"')
    await page.waitForSelector('[role=menu] >> text=/shared by/')
    await desk.picture(page, 'data-views')
    await page.click('[aria-label="Remove the view Dear ones"]')
    await page.waitForSelector(`${dialog}:has-text("It belongs to bob@shop.example")`)
    await page.click(`${dialog} button:has-text("Cancel")`)
    assert.equal((await desk.ask<{ views: unknown[] }>('GET', '/admin/v1/views?collection=products')).views.length, 1)
    await page.unroute('**/admin/v1/views*')
    await page.reload()
    await page.click('[role=toolbar] >> text="Dear ones"')
    await page.click('[aria-label="Remove the view Dear ones"]')
    await page.waitForSelector(`${dialog}:has-text("Other operators use it, too")`)
    await page.click(`${dialog} button:has-text("Remove")`)
    await eventually('gone', async () => (await desk.ask<{ views: unknown[] }>('GET', '/admin/v1/views?collection=products')).views.length === 0)
  })

  it('fits a phone', async () => {
    const small = await desk.open({ size: phone, scheme: 'dark' })
    await desk.visit(small, '/data?in=products&panel=import')
    await choose('pets.tsv', 'Nr\tName\tspecies\tprice\tstock\tdescription\nm1\tRex\tdog\t12.5\t3\tgood\n', small)
    await small.waitForSelector(`${dialog} input[aria-label="Field of Nr"]`)
    await fits(small)
    await axe(small)
    await desk.picture(small, 'data-import-phone')
    await small.context().close()
  })

  it('had no problem on the way', () => assert.deepEqual(desk.problems, []))
})
