// An open cell stays with its document while others come and go.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { openDesk, type Desk } from './dashboard.ts'
import { eventually } from './shop.ts'

describe('rows that move under an open cell, in a browser', () => {
  let desk: Desk
  let page: Page
  const product = (_id: string) => ({ _id, name: _id, species: 'dog', price: 2.5, stock: 3, description: '' })
  const stored = (id: string): Promise<Record<string, unknown>> => desk.ask('GET', `/data/v1/docs/products/${id}`)

  before(async () => {
    desk = await openDesk('dev')
    page = await desk.open()
    for (const id of ['m1', 'm2', 'm3']) await desk.seed('products', [product(id)])
  })
  after(() => desk?.close())

  it('writes the document whose cell was opened', async () => {
    await desk.visit(page, '/data?in=products&sort=-_createdAt')
    await page.waitForSelector('[data-live=live]')
    const open = page.locator('[role=row][data-id=m2] [data-col="1"]')
    const before = await page.locator('[role=row][data-id=m2]').getAttribute('data-row')
    await open.dblclick()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('Typed in m2')
    await desk.seed('products', [product('m4')])
    await page.waitForSelector('[role=row][data-id=m4]')
    assert.notEqual(await page.locator('[role=row][data-id=m2]').getAttribute('data-row'), before)
    assert.equal(await page.inputValue('[data-editor] input'), 'Typed in m2')
    await eventually('the editor over its cell', async () => {
      const [cell, editor] = [await open.boundingBox(), await page.locator('[data-editor]').boundingBox()]
      return cell && editor && Math.abs(cell.y - editor.y) < 3
    })
    await page.keyboard.press('Enter')
    await eventually('the name', async () => (await stored('m2')).name === 'Typed in m2')
    for (const id of ['m1', 'm3', 'm4']) assert.equal((await stored(id)).name, id)
  })

  it('keeps the cursor on its document, which the keys then act on', async () => {
    await page.locator('[role=row][data-id=m2] [data-col="1"]').click()
    await desk.seed('products', [product('m5')])
    await page.waitForSelector('[role=row][data-id=m5]')
    assert.deepEqual(await page.locator('[data-grid] [data-active]').evaluateAll(all => all.map(e => e.closest<HTMLElement>('[data-id]')?.dataset.id)), ['m2'])
    await page.keyboard.press('Delete')
    await page.waitForSelector('[role=row][data-id=m2]', { state: 'detached' })
    for (const id of ['m3', 'm4', 'm5']) assert.equal((await stored(id)).name, id)
    desk.expect(404)
    await assert.rejects(stored('m2'), /not_found/)
  })

  it('had no problem on the way', () => assert.deepEqual(desk.problems, []))
})
