import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { axe, fits, openDesk, phone, settled, type Desk } from './dashboard.ts'
import { eventually, patience, root, signUp } from './shop.ts'

const many = 50_000
const products = '/data?in=products'

/** The pet store with many products: their ids are p00001 and on. */
function bigShop(): string {
  const app = join(mkdtempSync(join(tmpdir(), 'hutch-data-')), 'app')
  cpSync(join(root, 'examples/petstore'), app, { recursive: true, filter: p => !p.includes('.hutch') })
  const file = join(app, 'seed/products.jsonl')
  const seeds = readFileSync(file, 'utf8').trim().split('\n').map(l => JSON.parse(l) as Record<string, unknown>)
  const lines = Array.from({ length: many }, (_, i) => JSON.stringify({ ...seeds[i % seeds.length], _id: 'p' + String(i + 1).padStart(5, '0'), price: i % 900 + 0.5, stock: i % 61 }))
  writeFileSync(file, lines.join('\n') + '\n')
  const yaml = readFileSync(join(app, 'hutch.yaml'), 'utf8')
  writeFileSync(join(app, 'hutch.yaml'), yaml.replace('collections:\n', 'collections:\n  things:\n    access: { read: "true" }\n'))
  return app
}

describe('the Data page, in a browser', () => {
  const app = bigShop()
  let desk: Desk
  let page: Page
  const row = (id: string): Locator => page.locator(`[role=row][data-id="${id}"]`)
  const cell = (id: string, col: number): Locator => row(id).locator(`[data-col="${col}"]`)
  const [price, stock] = [3, 4]
  const status = (): Promise<string | null> => page.textContent('[data-status]')
  const open = async (path = products): Promise<void> => {
    await desk.visit(page, path)
    await page.waitForSelector('[data-grid]:not([data-loading])')
  }
  const write = (id: string, patch: object): Promise<unknown> => desk.ask('PATCH', '/data/v1/docs/products/' + id, patch)
  const stored = (id: string, of = 'products'): Promise<Record<string, unknown>> => desk.ask('GET', `/data/v1/docs/${of}/${id}`)

  before(async () => {
    desk = await openDesk('dev', app)
    page = await desk.open()
  })
  after(async () => {
    await desk?.close()
    rmSync(join(app, '..'), { recursive: true, force: true })
  })

  it('lists the collections, and scrolls to the last of 50,000 documents and back', async () => {
    await desk.visit(page, '/data')
    await page.click('[data-collection=products]')
    await page.waitForURL(/in=products/)
    await row('p00001').waitFor()
    await eventually('the count', async () => /1–\d+ of 50,000/.test(await status() ?? ''))
    const box = page.locator('[data-grid]').locator('..')
    await box.evaluate(e => { e.scrollTop = e.scrollHeight })
    await row('p50000').waitFor()
    await eventually('the place', async () => /–50,000 of 50,000/.test(await status() ?? ''))
    await desk.picture(page, 'data-far')
    assert.ok(await page.locator('[role=row]').count() < 60, 'only rows on screen are in the page')
    await box.evaluate(e => { e.scrollTop = e.scrollHeight / 2 })
    await row('p25000').waitFor()
    await box.evaluate(e => { e.scrollTop = 0 })
    await row('p00001').waitFor()
  })

  it('sorts by a header, and the back button undoes it', async () => {
    await open()
    const header = page.locator('[role=columnheader]:has-text("price")')
    await header.locator('button').click()
    await header.and(page.locator('[aria-sort=ascending]')).waitFor()
    await header.locator('button').click()
    await page.waitForURL(/sort=-price/)
    await eventually('dear ones first', async () => (await page.locator('[role=row][aria-rowindex="2"] [data-col="3"]').textContent()) === '899.5')
    await page.goBack()
    await page.goBack()
    await page.waitForURL(u => !u.search.includes('sort'))
    await row('p00001').waitFor()
  })

  it('filters by conditions and by JSON, which are the same filter', async () => {
    await open()
    await page.keyboard.press('/')
    await page.waitForSelector('[data-filter-field]:focus') // typing goes on there
    await page.keyboard.type('species')
    await page.fill('input[aria-label=Value]', 'fish')
    await page.click('text="Condition"')
    await page.locator('[data-filter-field]').nth(1).fill('price')
    await page.locator('select[aria-label=Operator]').nth(1).selectOption('$lt')
    await page.locator('input[aria-label=Value]').nth(1).fill('10.25')
    await page.keyboard.press('Enter')
    await page.waitForURL(u => u.searchParams.get('where') === '{"species":"fish","price":{"$lt":10.25}}')
    await eventually('fewer', async () => /of \d{2,3}$/.test(await status() ?? ''))
    await axe(page)
    await desk.picture(page, 'data-filter')
    await page.click('text="JSON"')
    const code = page.locator('.cm-content')
    await code.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText('{"stock": {"$exists": false}}')
    await page.keyboard.press('Control+Enter')
    await page.waitForSelector('text=Nothing matches the filter')
    await page.click('text="Clear"')
    await row('p00001').waitFor()
    await desk.visit(page, products + '&where={broken')
    await page.waitForSelector('[role=alert]:has-text("not valid JSON")')
  })

  it('edits a cell in its place, keeps its type, and goes on by Tab', async () => {
    await open()
    await cell('p00002', price).dblclick()
    await page.keyboard.type('much')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-editor] [role=alert]:visible')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('7')
    await page.keyboard.press('Tab')
    await page.waitForSelector('[data-editor] input[aria-label^="stock"]')
    await page.keyboard.press('Escape')
    await eventually('the price', async () => (await stored('p00002')).price === 7)
    assert.match(await cell('p00002', price).textContent() ?? '', /^7(\.0)?$/)
    await cell('p00002', stock).dblclick()
    await page.keyboard.type('-3')
    desk.expect(400)
    await page.keyboard.press('Enter') // the schema refuses: the server says so where it was typed
    await page.waitForSelector('[data-editor] [role=alert]:visible')
    await page.keyboard.press('Escape')
    assert.equal((await stored('p00002')).stock, 1)
  })

  it('shows a conflict as a difference, with a choice for each field', async () => {
    await open(products + '&doc=p00003')
    await page.waitForSelector('.cm-content:has-text("Lemon")')
    await page.locator('.cm-content').click()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText('{"name": "Mine", "species": "bird", "price": 10, "stock": 2, "description": "x"}')
    await write('p00003', { name: 'Theirs', price: 20 })
    await page.waitForSelector('text=Somebody else has changed this document meanwhile')
    desk.expect(412)
    await page.click('[role=dialog] button:has-text("Save")')
    await page.waitForSelector('text=Somebody else was faster')
    await axe(page)
    await desk.picture(page, 'data-conflict')
    await page.locator('section[aria-label=name] >> text="Theirs"').last().click()
    await page.click('text="Save the choice"')
    await page.waitForSelector('[role=dialog] .cm-content:has-text("Theirs")')
    await eventually('the choice', async () => {
      const d = await stored('p00003')
      return d.name === 'Theirs' && d.price === 10 && d.description === 'x'
    })
  })

  it('joins changes of different fields without asking', async () => {
    await open()
    await cell('p00006', stock).dblclick()
    await page.keyboard.type('44')
    await write('p00006', { name: 'Thistle II' })
    await page.keyboard.press('Enter')
    await eventually('both', async () => {
      const d = await stored('p00006')
      return d.stock === 44 && d.name === 'Thistle II'
    })
  })

  it('deletes many at once and brings them back', async () => {
    await open()
    for (const id of ['p00010', 'p00011', 'p00012']) await row(id).locator('[data-check]').click()
    await page.waitForSelector('text="3 selected"')
    const before = await stored('p00011')
    await page.click('[role=region] >> text="Delete"')
    await page.hover('text="Undo"') // under the pointer it stays
    await row('p00011').waitFor({ state: 'detached' })
    desk.expect(404)
    await assert.rejects(stored('p00011'), /not_found/)
    await desk.picture(page, 'data-deleted')
    await page.click('text="Undo"')
    await row('p00011').waitFor()
    await page.waitForSelector('text="Undo"', { state: 'detached' })
    const { _version, _createdAt, _updatedAt, ...now } = await stored('p00011')
    assert.deepEqual(now, Object.fromEntries(Object.entries(before).filter(([k]) => k in now)))
  })

  it('changes many at once', async () => {
    await open()
    await row('p00013').locator('[data-check]').click()
    await row('p00015').locator('[data-check]').click({ modifiers: ['Shift'] })
    await page.click('text="Update"')
    await page.locator('[role=dialog] .cm-content').click()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText('{"$inc": {"stock": 100}}')
    await page.click('[role=dialog] button:has-text("Update")')
    await eventually('three', async () => (await Promise.all(['p00013', 'p00014', 'p00015'].map(id => stored(id)))).every(d => Number(d.stock) >= 100))
    assert.ok(Number((await stored('p00016')).stock) < 100)
  })

  it('creates, duplicates and judges by the schema while typing', async () => {
    await open()
    await page.keyboard.press('n')
    await page.waitForSelector('[role=dialog] .cm-content:has-text("species")')
    await page.locator('.cm-content').click()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText('{"_id": "p00000", "name": "Nemo", "species": "whale", "price": 5.0, "stock": 1, "description": ""}')
    await page.waitForSelector('[role=dialog] li:has-text("species: has to be one of dog")')
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText('{"_id": "p00000", "name": "Nemo", "species": "fish", "price": 5.0, "stock": 1, "description": ""}')
    await page.click('text="Create"')
    await page.waitForURL(/doc=p00000/)
    await row('p00000').waitFor()
    await page.click('[aria-label="More with this document"]')
    await page.click('text="Duplicate"')
    await page.waitForSelector('text="Copy of a document"')
    await page.waitForSelector('.cm-content:has-text("Nemo")')
    await page.click('text="Create"')
    await page.waitForURL(u => u.searchParams.get('doc') !== '+p00000')
    await page.locator('.cm-content').click()
    await page.keyboard.type(' ')
    await page.click('[role=dialog] header [aria-label="Close"]')
    await page.waitForSelector('text="Discard what you wrote?"')
    await page.click('[role=dialog] button.mantine-Button-root:has-text("Discard"):visible >> nth=-1')
    await page.waitForSelector('[role=dialog]', { state: 'detached' })
  })

  it('marks what somebody else changes, without reload', async () => {
    await open()
    await page.waitForSelector('[data-live=live]')
    const marked = page.waitForFunction(() => document.querySelector('[data-id=p00004] [data-col="4"][data-flash]')) // it is there for a moment only
    await write('p00004', { stock: 321 })
    await marked
    assert.equal(await cell('p00004', stock).textContent(), '321')
    await page.locator('[data-grid]').locator('..').evaluate(e => { e.scrollTop = 34 * 30_000 })
    await row('p30005').waitFor()
    for (const n of [654, 655]) { // the first may come before the live query follows the window
      await write('p30005', { stock: n })
      await eventually('far down, too', async () => await cell('p30005', stock).textContent() === String(n))
    }
  })

  it('explains the query, and which index would help', async () => {
    desk.expect(429) // an order over so many documents without an index is over the budget
    await desk.visit(page, products + '&where={"stock":{"$gt":58}}&sort=description')
    await page.click('#content button:has-text("Explain the query")')
    await page.waitForSelector('[role=dialog]:has-text("An index for this query")')
    assert.match(await page.textContent('[role=dialog] pre') ?? '', /products:[\s\S]*indexes:[\s\S]*stock|description/)
    await axe(page)
    await desk.picture(page, 'data-explain')
    await page.keyboard.press('Escape')
    desk.expect(429)
    await desk.visit(page, products + '&sort=description') // the number of rows is known, and none comes
    await page.waitForSelector('[role=alert]:has-text("resource_exhausted") >> text="Try again"')
    assert.equal(await status(), '')
    await page.locator('#content button:has-text("Explain the query")').waitFor()
    await open(products + '&where={"price":{"$gt":0}}') // an index finds all of them
    await row('p00001').waitFor()
    await open(products + '&where={"species":"dog"}&sort=-price&panel=explain')
    await page.waitForSelector('[role=dialog]:has-text("An index finds these documents")')
  })

  it('shows what a guest may see, and lets nothing be changed meanwhile', async () => {
    await open()
    await page.click('text="View as"')
    await page.click('input[placeholder="Id or e-mail of a user"]')
    await page.click('[role=option]:has-text("Guest")')
    await page.waitForSelector('[role=status]:has-text("You see what a guest may see")')
    await row('p00001').waitFor()
    assert.equal(await page.locator('text="New document"').count(), 0)
    await cell('p00001', price).dblclick()
    assert.equal(await page.locator('[data-editor]').count(), 0)
    await axe(page)
    await desk.picture(page, 'data-guest')
    desk.expect(401)
    await desk.visit(page, '/data?in=orders&as=guest')
    await page.waitForSelector('text="The rules refuse this"')
    await page.click('text="End"')
    await page.waitForSelector('text="No documents yet"')
  })

  it('shows what a user may see, who is found by name', async () => {
    const { uid, email } = await signUp(desk.shop.url)
    await open()
    await page.click('text="View as"')
    await page.fill('input[placeholder="Id or e-mail of a user"]', email.slice(0, 8))
    await page.click(`[role=option]:has-text("${email}")`)
    await page.waitForURL(u => u.searchParams.get('as') === uid)
    await page.waitForSelector(`[role=status]:has-text("${email}")`)
    await row('p00001').waitFor()
    await desk.visit(page, `/data?in=orders&as=${uid}`)
    await page.waitForSelector('text="Nothing to see"')
  })

  it('imports a CSV and reports its bad lines', async () => {
    const csv = ['_id,name,species,price,stock,description', 'i1,"Comma, the Cat",cat,12.5,3,"two\nlines"', 'i2,Whale,whale,1,1,too big', 'i3,Bare', 'i4,Rex,dog,20,2,good'].join('\n')
    await open(products + '&panel=import')
    await page.setInputFiles('[role=dialog] input[type=file]', { name: 'pets.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
    await page.click('[role=dialog] button:has-text("Import")')
    await page.waitForSelector('[data-import=done]:has-text("2 refused")')
    await page.waitForSelector('[role=dialog] tr:has-text("species")')
    await axe(page)
    await desk.picture(page, 'data-import')
    const [first, second] = [await stored('i1'), await stored('i4')]
    assert.deepEqual([first.name, first.description, second.price], ['Comma, the Cat', 'two\nlines', 20])
    await page.click('[role=dialog] >> text="Close"')
  })

  it('imports 20,000 lines of JSONL, and exports them all', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ _id: 't' + i, n: i, when: { $date: '2026-01-02T03:04:05.000Z' }, text: '=1+1 ' + 'x'.repeat(40) }))
    await desk.visit(page, '/data?in=things&panel=import')
    await page.setInputFiles('[role=dialog] input[type=file]', { name: 'things.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(lines.join('\n')) })
    await page.click('[role=dialog] button:has-text("Import")')
    await page.waitForSelector('[data-import=done]:has-text("20,000 lines")', { timeout: 3 * patience })
    await page.click('[role=dialog] >> text="Close"')
    const file = async (format: string): Promise<string[]> => {
      await desk.visit(page, '/data?in=things&where={"n":{"$exists":true}}&cols=_id,n,when,text&panel=export')
      if (format === 'csv') await page.click('[role=dialog] >> text="CSV"')
      const [download] = await Promise.all([page.waitForEvent('download'), page.click('[role=dialog] button:has-text("Export")')])
      assert.equal(download.suggestedFilename(), 'things.' + format)
      return readFileSync(await download.path(), 'utf8').trim().split('\n')
    }
    const jsonl = await file('jsonl')
    assert.equal(jsonl.length, 20_000)
    assert.deepEqual((JSON.parse(jsonl[0] as string) as { when: unknown }).when, { $date: '2026-01-02T03:04:05.000Z' })
    const csv = await file('csv')
    assert.equal(csv.length, 20_001)
    assert.match(csv[0] ?? '', /^_id,n,when,text/)
    assert.ok(!/,=1/.test(csv[1] ?? ''), 'no formula for a spreadsheet')
  })

  it('saves a view, and opens it again', async () => {
    await open(products + '&where={"species":"cat"}&sort=-price')
    await page.click('text="Views"')
    await page.click('text="Save this view"')
    await page.fill('[role=dialog] input:not([type=checkbox])', 'Dear cats')
    await page.click('[role=dialog] button[type=submit]')
    await page.waitForURL(/view=/)
    await open()
    await page.click('text="Views"')
    await page.click('text="Dear cats"')
    await page.waitForURL(u => u.searchParams.get('where') === '{"species":"cat"}' && u.searchParams.get('sort') === '-price')
  })

  it('hides columns and keeps that in the link', async () => {
    await open()
    await page.keyboard.press('c')
    await page.click('[role=dialog] >> text="description"')
    await page.waitForURL(/cols=/)
    await page.keyboard.press('Escape')
    await page.reload()
    await row('p00001').waitFor()
    assert.equal(await page.locator('[role=columnheader]:has-text("description")').count(), 0)
  })

  it('is ruled by the keyboard alone', async () => {
    await open()
    await page.locator('[data-grid]').focus()
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key)
    await page.waitForSelector('[data-editor]')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('12')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-editor]', { state: 'detached' })
    const id = await page.locator('[role=gridcell][data-active]').locator('..').getAttribute('data-id') as string
    assert.equal((await stored(id)).stock, 12)
    await page.keyboard.press('Space')
    await page.waitForSelector('text="1 selected"')
    await page.keyboard.press('Delete')
    await row(id).waitFor({ state: 'detached' })
    await page.waitForSelector('text="Undo"')
    await page.keyboard.press('Control+z')
    await row(id).waitFor()
    await page.waitForSelector('text="Undo"', { state: 'detached' })
    await page.keyboard.press('Control+End')
    await row('p50000').locator('[data-active]').waitFor()
    await page.keyboard.press('o')
    await page.waitForURL(/doc=p50000/)
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await page.waitForSelector('[role=dialog]:has-text("Keyboard")')
    await page.keyboard.press('Escape')
  })

  it('shows hostile documents as text', async () => {
    const evil = '<img src=x onerror=alert(1)><script>alert(2)</script>\u202etxt.exe\u2066'
    await desk.ask('POST', '/data/v1/docs/things', { _id: 'evil', html: evil, ['<b>name</b>']: 1, long: 'x'.repeat(200_000), deep: { a: [{ b: evil }] }, when: { $date: '2026-01-02T03:04:05.678Z' }, half: 0.5, cost: { $numberDecimal: '1.10' }, bin: { $binary: { base64: 'AQID', subType: '00' } } })
    await open('/data?in=things')
    await row('evil').waitFor()
    assert.equal(await page.locator('[data-grid] img, [data-grid] script').count(), 0)
    assert.ok((await page.locator('[data-grid]').innerHTML()).length < 150_000, 'a huge value is not in the page')
    for (const badge of ['date', 'dec', 'bin', '{ }']) await page.waitForSelector(`[data-grid] [title] >> text="${badge}"`)
    await axe(page)
    await desk.picture(page, 'data-types')
    for (const [field, typed, shown] of [['cost', '2.50', 'dec2.50'], ['half', '7', '7.0'], ['when', '2026-02-03 04:05', 'date2026-02-03 04:05']] as const) { // types stay what they were
      const col = await page.locator(`[role=columnheader]:has-text("${field}")`).getAttribute('aria-colindex')
      const there = cell('evil', Number(col) - 2)
      await there.dblclick()
      await page.keyboard.press('Control+a')
      await page.keyboard.type(typed)
      await page.keyboard.press('Enter')
      await eventually(field, async () => await there.textContent() === shown)
    }
    const d = await stored('evil', 'things')
    assert.deepEqual([d.cost, d.when], [{ $numberDecimal: '2.50' }, { $date: '2026-02-03T04:05:00.000Z' }])
    await cell('evil', 0).click()
    await page.waitForSelector('[role=dialog] .cm-content')
    await page.keyboard.press('Escape')
  })

  it('fits a phone: the first column stays, documents open over all of it', async () => {
    const small = await desk.open({ size: phone })
    await desk.visit(small, products)
    await small.waitForSelector('[data-id=p00001]')
    await fits(small)
    await axe(small)
    await small.locator('[data-grid]').locator('..').evaluate(e => { e.scrollLeft = 300 })
    const first = await small.locator('[data-id=p00001] [data-col="0"]').boundingBox()
    assert.ok(first && first.x >= 0 && first.x < 80, JSON.stringify(first))
    await small.click('[data-id=p00001] [data-col="0"]')
    await small.waitForSelector('[role=dialog] .cm-content')
    const width = (await small.locator('[role=dialog]').boundingBox())?.width
    assert.equal(width, phone.width)
    await desk.picture(small, 'data-phone')
    await small.context().close()
  })

  it('says what the collection is', async () => {
    await desk.visit(page, products + '&tab=schema')
    await page.waitForSelector('pre:has-text("maxLength")')
    await page.click('[role=tab]:has-text("Indexes")')
    await page.waitForSelector('td:has-text("species")')
    await axe(page)
    await page.click('[role=tab]:has-text("Rules")')
    await page.waitForSelector('td:has-text("keeper()")')
    await settled(page)
  })

  it('had no problem on the way', () => assert.deepEqual(desk.problems, []))
})
