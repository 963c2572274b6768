// What was written and not saved is not lost; what somebody else changed is not deleted unseen.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { openDesk, settled, type Desk } from './dashboard.ts'
import { eventually } from './shop.ts'

describe('unsaved documents and deletes, in a browser', () => {
  let desk: Desk
  let page: Page
  const question = '[role=dialog]:has-text("Discard what you wrote?")'
  const things = '/data?in=products'
  const stored = (id: string): Promise<Record<string, unknown>> => desk.ask('GET', `/data/v1/docs/products/${id}`)
  const write = (id: string, patch: object): Promise<unknown> => desk.ask('PATCH', '/data/v1/docs/products/' + id, patch)
  const row = (id: string) => page.locator(`[role=row][data-id="${id}"]`)
  const text = '{"name": "Typed", "species": "cat", "price": 1.5, "stock": 1, "description": ""}'
  const type = async (id: string, into = page): Promise<void> => {
    await into.waitForSelector(`[role=row][data-id="${id}"]`)
    await into.click(`[data-id="${id}"] [data-col="0"]`)
    await into.click('[role=dialog] .cm-content')
    await into.keyboard.press('Control+a')
    await into.keyboard.insertText(text)
  }

  before(async () => {
    desk = await openDesk('dev')
    page = await desk.open()
    await desk.seed('products', ['0u1', '0u2', '0u3'].map(_id => ({ _id, name: _id, species: 'dog', price: 2.5, stock: 3, description: '' })))
  })
  after(() => desk?.close())

  it('asks before the palette, back and forward lead away, and leads there when told to', async () => {
    await desk.visit(page, '/logs')
    await page.click('nav >> text="Data"')
    await page.click('[data-collection=products]')
    await type('0u1')
    await page.keyboard.press('Tab') // leaves the editor
    assert.equal(await page.locator('.cm-content:focus').count(), 0)
    await page.keyboard.press('Control+k')
    await page.fill('[role=dialog] input[placeholder^="Search"]', 'Logs')
    await page.click('.mantine-Spotlight-action:has-text("Logs") >> nth=0')
    await page.waitForSelector(question)
    await desk.picture(page, 'unsaved')
    await page.keyboard.press('Escape')
    await page.waitForSelector(question, { state: 'detached' })
    assert.match(await page.textContent('[role=dialog] .cm-content') ?? '', /Typed/)

    await page.click('[role=dialog] header')
    await page.keyboard.press('Control+k') // another language keeps it, too
    await page.fill('input.mantine-Spotlight-search', '한국어')
    await page.click('.mantine-Spotlight-action:has-text("한국어")')
    await page.waitForSelector('[role=dialog] button:has-text("저장")')
    assert.match(await page.textContent('[role=dialog] .cm-content') ?? '', /Typed/)
    await page.click('[role=dialog] header')
    await page.keyboard.press('Control+k')
    await page.fill('input.mantine-Spotlight-search', 'English')
    await page.click('.mantine-Spotlight-action:has-text("English")')
    await page.waitForSelector('[role=dialog] button:has-text("Save")')

    await page.route('**/admin/v1/collections', route => route.fulfill({ status: 500, contentType: 'application/json', body: '{"code":"internal","message":"no disk"}' }))
    desk.expect(500)
    await eventually('a refresh that fails', async () => {
      await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))) // as coming back to the tab does
      return await page.locator('.stale').count() === 1
    })
    assert.match(await page.textContent('[role=dialog] .cm-content') ?? '', /Typed/)
    await page.unroute('**/admin/v1/collections')

    await page.goBack()
    await page.waitForSelector(question)
    await page.click('text="Cancel"')
    await page.waitForURL(/doc=0u1/)
    assert.match(await page.textContent('[role=dialog] .cm-content') ?? '', /Typed/)
    await page.keyboard.press('Escape')
    await page.waitForSelector(question)
    await page.click('text="Cancel"')
    await page.goBack()
    await page.click(`${question} button:has-text("Discard") >> nth=-1`)
    await page.waitForURL(u => u.searchParams.get('doc') === null)
    await page.waitForSelector('[role=dialog]', { state: 'detached' })
    await page.goForward() // the way is still there, and the document as it is stored
    await page.waitForSelector('[role=dialog] .cm-content:has-text("0u1")')
    await page.goBack()
    await page.waitForSelector('[role=dialog]', { state: 'detached' })
    await page.goBack()
    await page.goBack()
    await page.waitForURL(/logs/)
  })

  it('asks before a reload, and no more once it is saved', async () => {
    const own = await page.context().newPage() // the dialog of the browser itself is no problem here
    const asked: string[] = []
    own.on('dialog', d => {
      asked.push(d.type())
      void d.dismiss()
    })
    await desk.visit(own, things)
    await type('0u2', own)
    await own.evaluate(() => setTimeout(() => location.reload()))
    await eventually('the question', async () => asked.length === 1)
    assert.match(await own.textContent('[role=dialog] .cm-content') ?? '', /Typed/)
    await own.keyboard.press('Control+s')
    await eventually('saved', async () => (await stored('0u2')).name === 'Typed')
    await own.waitForSelector('[role=dialog] button:has-text("Save"):disabled')
    await own.reload()
    await settled(own)
    assert.deepEqual(asked, ['beforeunload'])
    await own.close()
  })

  it('refuses to delete what changed since it was seen, and deletes it when it is seen', async () => {
    await desk.visit(page, things)
    for (const id of ['0u1', '0u3']) await row(id).locator('[data-check]').click()
    let between: (() => Promise<unknown>) | undefined = () => write('0u3', { stock: 77 })
    await page.route('**/data/v1/commit', async route => {
      await between?.()
      between = undefined
      await route.continue()
    })
    desk.expect(412, 404) // what is deleted is asked for until it is back
    await page.click('[role=region] >> text="Delete"')
    await page.waitForSelector('text=1 document has changed since you saw it, and was not deleted: 0u3')
    await row('0u1').waitFor({ state: 'detached' })
    assert.equal((await stored('0u3')).stock, 77)
    await page.waitForSelector('text="1 selected"')
    await page.click('[role=region] >> text="Delete"')
    await row('0u3').waitFor({ state: 'detached' })
    await page.unroute('**/data/v1/commit')
    await page.locator('text="Undo"').last().click()
    await eventually('what was deleted', async () => await stored('0u3').then(d => d.stock, () => 0) === 77)
    desk.expect(404)
  })

  it('had no problem on the way', () => assert.deepEqual(desk.problems, []))
})
