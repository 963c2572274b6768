// Rules, Functions and Logs when there is nothing, when the server fails, and when who asks may not.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { axe, fits, openDesk, phone, settled, type Desk } from './dashboard.ts'

const pages = [
  { path: '/rules', api: '**/admin/v1/rules', none: { helpers: [], collections: [], functions: [], diagnostics: [] }, says: 'There are no rules yet', comes: 'nav[aria-label="All rules"] button' },
  { path: '/functions', api: '**/admin/v1/functions', none: { functions: [], next: '' }, says: 'This app has no functions', comes: '[role=row]:has-text("purchase")' },
  { path: '/logs', api: '**/admin/v1/logs?*', none: { logs: [], next: '', partial: false, dropped: 0, skipped: 0 }, says: 'Nothing was logged', comes: '[role=row]:has-text("signed_in"), [role=row]:has-text("operator")' },
]

describe('pages without their data', () => {
  let desk: Desk
  before(async () => {
    desk = await openDesk()
    desk.expect(403, 500)
  })
  after(() => desk?.close())

  for (const { path, api, none, says, comes } of pages) {
    it(`says what to do on ${path}`, async () => {
      for (const size of [undefined, phone]) {
        const page = await desk.open({ ...size && { size } })
        const answer = (status: number, body: object) => page.route(api, route => route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) }))
        await answer(200, none)
        await desk.visit(page, path)
        await page.getByText(says).waitFor()
        await fits(page)
        await page.unroute(api)
        await answer(403, { code: 'permission_denied', message: 'no', hint: 'ask an operator who may' })
        await desk.visit(page, path)
        await page.locator('[role=alert]', { hasText: 'ask an operator who may' }).waitFor()
        await axe(page)
        await page.unroute(api)
        await answer(500, { code: 'internal', message: 'it broke', requestId: 'REQ-7' })
        await desk.visit(page, path)
        await page.locator('[role=alert]', { hasText: 'REQ-7' }).waitFor()
        await fits(page)
        await page.unroute(api)
        await page.getByRole('button', { name: 'Try again' }).focus()
        await page.keyboard.press('Enter')
        await settled(page)
        await page.locator(comes).first().waitFor({ state: 'attached' })
        await page.context().close()
      }
      assert.deepEqual(desk.problems.splice(0), [])
    })
  }
})
