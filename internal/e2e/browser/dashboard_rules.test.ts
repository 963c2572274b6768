import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { axe, fits, inert, openDesk, phone, type Desk } from './dashboard.ts'
import { eventually } from './shop.ts'

const hostile = '<img src=x onerror=alert(1)>'

describe('the Rules page, in a browser', () => {
  let desk: Desk
  let page: Page
  let user = ''
  const judge = () => page.getByRole('button', { name: 'Judge' }).click()
  const verdict = (text: string) => page.locator('[role=status]', { hasText: text }).waitFor()
  /** Types into an editor. */
  const type = async (label: string, text: string): Promise<void> => {
    const at = page.getByRole('textbox', { name: label, exact: true })
    await at.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText(text)
  }

  before(async () => {
    desk = await openDesk()
    page = desk.page
    const res = await fetch(desk.shop.url + '/auth/v1/signup', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'bob@shop.example', password: 'correct horse battery staple' }),
    })
    user = (await res.json() as { user: { id: string } }).user.id
    const order = (owner: string) => ({ user: owner, product: hostile, quantity: 1, total: 1 })
    const key = desk.key('data')
    for (const [id, owner] of [['mine', user], ['other', 'somebody']] as const) {
      const put = await fetch(`${desk.shop.url}/data/v1/docs/orders/${id}`, { method: 'PUT', headers: { 'content-type': 'application/json', authorization: 'Bearer ' + key }, body: JSON.stringify(order(owner)) })
      if (!put.ok) throw new Error(await put.text())
    }
  })
  after(() => desk?.close())

  it('shows the rules as they are written', async () => {
    await desk.visit(page, '/rules?rule=access%2Forders%2Fread')
    await page.getByRole('navigation', { name: 'All rules' }).getByRole('button', { name: 'keeper' }).waitFor()
    await page.getByText('Nothing is wrong with it.').waitFor()
    await eventually('the text', async () => /mine\(\)/.test(await page.getByRole('textbox', { name: 'Text of the rule' }).textContent() ?? ''))
    await axe(page)
  })

  it('checks a rule that is being written, and saves nothing', async () => {
    await type('Text of the rule', 'mine() && resource.totl > 3')
    await page.getByText(/did you mean "total"/).first().waitFor()
    await page.locator('.cm-lintRange-error').first().waitFor()
    await page.getByRole('button', { name: 'As in the file' }).click()
    await page.getByText('Nothing is wrong with it.').waitFor()
  })

  it('says why a user may, or may not, and marks what decided', async () => {
    await desk.visit(page, `/rules?rule=access%2Forders%2Fread&as=${user}&id=mine`)
    await judge()
    await verdict('Allowed')
    await page.locator('mark[data-truth=true][data-deciding]', { hasText: 'mine()' }).waitFor()
    await page.locator('mark[data-truth=true][data-deciding]', { hasText: 'resource.user == auth.uid' }).waitFor()
    await inert(page)
    await desk.picture(page, 'rules-allowed')
    await axe(page)
    await page.getByRole('textbox', { name: 'Id', exact: true }).fill('other')
    await page.keyboard.press('Enter')
    await verdict('Refused')
    await page.locator('mark[data-truth=false][data-deciding]', { hasText: 'resource.user == auth.uid' }).waitFor()
    await page.getByText('resource.user = "somebody"').waitFor()
    await page.getByRole('textbox', { name: 'Id', exact: true }).fill('nothing')
    await judge()
    await page.getByText('not_found').waitFor()
  })

  it('keeps address, rule and form in step, and the way back', async () => {
    const state = async () => [
      await page.getByRole('heading', { level: 2 }).first().textContent(), await page.getByRole('combobox', { name: 'Collection' }).inputValue(), await page.getByRole('combobox', { name: 'Operation' }).inputValue(),
    ].join(' ')
    const becomes = (want: string) => eventually(want, async () => await state() === want)
    const tree = page.getByRole('navigation', { name: 'All rules' })
    await desk.visit(page, '/rules?rule=access%2Forders%2Fread&in=orders&op=list&id=mine')
    await becomes('orders.read orders list')
    await tree.getByRole('button', { name: 'write' }).first().click()
    await becomes('products.write products create')
    assert.equal(new URL(page.url()).searchParams.get('op'), null)
    await page.getByRole('combobox', { name: 'Operation' }).click()
    await page.getByRole('option', { name: 'delete', exact: true }).click()
    await becomes('products.write products delete')
    await page.getByRole('combobox', { name: 'Operation' }).click()
    await page.getByRole('option', { name: 'get', exact: true }).click()
    await becomes('products.read products get')
    await tree.getByRole('button', { name: 'mine' }).click()
    await becomes('mine products get')
    await page.goBack()
    await becomes('products.read products get')
    await page.goBack()
    await becomes('products.write products delete')
    await page.goBack()
    await page.goBack()
    await becomes('orders.read orders list')
    assert.equal(new URL(page.url()).searchParams.get('id'), 'mine')
  })

  it('keeps what was typed while another rule, or another page, is read', async () => {
    await desk.visit(page, '/rules?rule=access%2Fproducts%2Fwrite')
    await type('The document after the write', '{"name": "kept"}')
    await type('Text of the rule', 'signedIn()')
    const tree = page.getByRole('navigation', { name: 'All rules' })
    await tree.getByRole('button', { name: 'keeper' }).click()
    await page.getByRole('link', { name: 'Logs' }).first().click()
    await page.waitForURL(/logs/)
    await page.goBack()
    await tree.getByRole('button', { name: 'write' }).first().click()
    await eventually('the rule', async () => /signedIn\(\)/.test(await page.getByRole('textbox', { name: 'Text of the rule' }).textContent() ?? ''))
    await eventually('the document', async () => /kept/.test(await page.getByRole('textbox', { name: 'The document after the write' }).textContent() ?? ''))
    await page.getByRole('button', { name: 'As in the file' }).click()
  })

  it('says when a verdict is of what the form held before', async () => {
    await desk.visit(page, `/rules?rule=access%2Forders%2Fread&as=${user}&id=mine`)
    await judge()
    await verdict('Allowed')
    assert.equal(await page.getByText('You have changed the form since').count(), 0)
    await page.getByRole('textbox', { name: 'Id', exact: true }).fill('other')
    await page.getByText('You have changed the form since').waitFor()
    await judge()
    await verdict('Refused')
    await page.getByText('You have changed the form since').waitFor({ state: 'detached' })
  })

  it('tells the filter of a list, its index and how many pass', async () => {
    await desk.visit(page, `/rules?rule=access%2Forders%2Fread&as=${user}&op=list`)
    await judge()
    await verdict('Allowed')
    await page.getByText('becomes a filter').waitFor()
    await page.getByText(/index user_-_createdAt/).waitFor()
    await eventually('the counts', async () => /1 pass\s*1 refused/.test(await page.getByRole('region', { name: 'What the query becomes' }).textContent() ?? ''))
    await desk.picture(page, 'rules-list')
    await axe(page)
  })

  it('judges somebody who is made up', async () => {
    await desk.visit(page, '/rules?rule=access%2Fproducts%2Fwrite&as=hand&op=create')
    await type('The document after the write', '{"name": "Rex", "species": "dog", "price": 1, "stock": 1, "description": "a dog"}')
    await judge()
    await verdict('Refused')
    await type('What auth is made of', '{"uid": "k", "roles": ["keeper"]}')
    await judge()
    await verdict('Allowed')
    await page.getByRole('heading', { name: 'Would be written' }).waitFor()
  })

  it('fits a phone, in the dark and in Korean', async () => {
    const small = await desk.open({ size: phone, scheme: 'dark', language: 'ko' })
    await desk.visit(small, `/rules?rule=access%2Forders%2Fread&as=${user}&id=other`)
    await small.getByRole('button', { name: '판정' }).click()
    await small.locator('mark[data-deciding]').first().waitFor()
    await fits(small)
    await axe(small)
    await desk.picture(small, 'rules-phone')
    assert.deepEqual(desk.problems, [])
  })
})
