import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { axe, fits, keyboard, openDesk, operator, phone, setUp, type Desk } from './dashboard.ts'
import { eventually } from './shop.ts'

describe('settings', () => {
  let desk: Desk
  before(async () => {
    desk = await openDesk('dev')
  })
  after(() => desk?.close())
  const once = async () => (await desk.page.textContent('[role=dialog] pre'))?.trim() as string

  it('shows the effective config with the source of each value', async () => {
    const { page } = desk
    await desk.visit(page, '/settings')
    await page.waitForSelector('tr:has-text("collections.products") >> text=/hutch.yaml:|yaml:/')
    assert.equal(await page.locator('td:text-is("limits.maxScan")').count(), 0, 'defaults are not shown at first')
    await page.click('label:has-text("With defaults")')
    await page.waitForSelector('tr:has-text("limits.maxScan") >> text="Default"')
    await page.fill('input[aria-label="Find a key"]', 'durability')
    await page.waitForSelector('tr:has-text("durability") >> text="full"')
    await axe(page)
    await fits(page)
    await keyboard(page)
    await page.fill('input[aria-label="Find a key"]', '')
    await desk.picture(page, 'settings-config')
  })

  it('makes a key, shown once, and revokes it by its name', async () => {
    const { page } = desk
    await desk.visit(page, '/settings?tab=keys')
    await page.click('button:has-text("Create a key") >> nth=0')
    await page.fill('[role=dialog] input[maxlength="64"]', 'monitor')
    await page.click('[role=dialog] button[type=submit]')
    const key = await once()
    assert.match(key, /^hutch_sk_ops_/)
    const metrics = () => fetch(desk.shop.url + '/metrics', { headers: { authorization: 'Bearer ' + key } })
    assert.equal((await metrics()).status, 200)
    await axe(page)
    await page.click('[role=dialog] button >> text="Close"')
    await page.waitForSelector('[role=dialog]', { state: 'detached' })
    await page.waitForSelector('tr:has-text("monitor")')
    assert.ok(!(await page.content()).includes(key), 'the key is not in the page any more')
    await desk.picture(page, 'settings-keys')
    await page.click('tr:has-text("monitor") >> button:has-text("Revoke")')
    const act = page.locator('[role=dialog] button[type=submit]')
    assert.ok(await act.isDisabled())
    await page.fill('[role=dialog] input', 'monitor')
    await act.click()
    await page.waitForSelector('text="The key monitor is revoked"')
    assert.equal((await metrics()).status, 401)
  })

  it('rotates signing keys', async () => {
    const { page } = desk
    await desk.visit(page, '/settings?tab=signing')
    await page.waitForSelector('td >> text="signs"')
    await page.click('button >> text="Rotate"')
    await page.click('[role=dialog] button[type=submit]')
    await page.waitForSelector('td >> text="published"')
    await axe(page)
    const { keys } = await desk.ask<{ keys: Record<string, unknown>[] }>('GET', '/admin/v1/signing')
    assert.deepEqual(Object.keys(keys[0] as object).sort(), ['createdAt', 'endsAt', 'id', 'signsFrom', 'state'], 'no secret half')
  })

  it('shows mails in a frame that may do nothing, and sends a test', async () => {
    const { page } = desk
    await desk.visit(page, '/settings?tab=mail')
    await page.waitForSelector('iframe[sandbox=""]')
    const frame = page.frameLocator('iframe[sandbox=""]')
    await frame.locator('text=123456').waitFor()
    await axe(page)
    await desk.picture(page, 'settings-mail')
    await page.click('nav >> text="invite"')
    await page.click('label:has-text("Text")')
    await page.waitForSelector('pre')
    await page.fill('input[type=email]', 'bob@shop.example')
    await page.click('button >> text="Send"')
    await page.waitForSelector('text="A mail to bob@shop.example was taken"')
    await eventually('the log', () => /mail, not sent.*bob@shop\.example/.test(desk.shop.log()))
  })

  it('invites an operator by a link, and removes them by their address', async () => {
    const { page } = desk
    const bob = { email: 'bob@shop.example', password: 'a sentence of my own' }
    await desk.visit(page, '/settings?tab=operators')
    await page.waitForSelector(`tr:has-text("${operator.email}") >> text="you"`)
    await page.click('button:has-text("Invite an operator")')
    await page.fill('[role=dialog] input[type=email]', bob.email)
    await page.click('[role=dialog] button[type=submit]')
    const link = await once()
    await axe(page)
    await page.click('[role=dialog] button >> text="Close"')
    await page.waitForSelector(`tr:has-text("${bob.email}") >> text="invited"`)
    const theirs = await desk.open({}, true)
    await setUp(theirs, link, bob)
    await desk.visit(page, '/settings?tab=operators')
    await page.click(`tr:has-text("${bob.email}") >> button`)
    await page.fill('[role=dialog] input', bob.email)
    await page.click('[role=dialog] button[type=submit]')
    await page.waitForSelector('text="bob@shop.example is no operator any more"')
    await theirs.context().close()
  })

  it('tells version and licences', async () => {
    const { page } = desk
    await desk.visit(page, '/settings?tab=about')
    await page.fill('input[aria-label="Find a library"]', 'pebble')
    await page.click('tr:has-text("github.com/cockroachdb/pebble") >> button')
    await page.waitForSelector('[role=dialog] >> text=/Redistribution and use/')
    await axe(page)
    await desk.picture(page, 'settings-about')
  })

  it('is in the audit with who did it', async () => {
    const { rows } = await desk.ask<{ rows: { event: string; operator?: string; network?: string }[] }>('GET', '/admin/v1/audit?order=newest')
    for (const event of ['key_created', 'key_revoked', 'signing_rotated', 'mail_tested']) {
      const row = rows.find(r => r.event === event)
      assert.ok(row?.operator && row.network, event)
    }
  })

  it('is for operators alone', async () => {
    for (const scope of ['ops', 'auth', 'data']) {
      const key = desk.key(scope)
      for (const path of ['keys', 'signing', 'config', 'mail', 'about', 'operators']) {
        const res = await fetch(`${desk.shop.url}/admin/v1/${path}`, { headers: { authorization: 'Bearer ' + key } })
        assert.ok([401, 403, 404].includes(res.status), `${path} by ${scope}: ${res.status}`)
      }
    }
  })

  it('fits a phone, in the dark, in Korean', async () => {
    const page = await desk.open({ size: phone, scheme: 'dark', language: 'ko' })
    for (const tab of ['config', 'keys', 'operators', 'signing', 'mail', 'about']) {
      await desk.visit(page, '/settings?tab=' + tab)
      await page.waitForSelector('[role=tabpanel]:visible :is(table, nav, iframe, dl)')
      await fits(page)
      const chosen = await page.locator('#content [role=tab][aria-selected=true]').boundingBox()
      assert.ok(chosen && chosen.x >= 0 && chosen.x + chosen.width <= phone.width, `the tab ${tab} is in sight`)
      await axe(page)
      await desk.picture(page, `settings-${tab}-phone-dark`)
    }
    await page.context().close()
  })

  it('rotates at once, which ends every token, the operator\'s too', async () => {
    const { page } = desk
    desk.expect(401)
    await desk.visit(page, '/settings?tab=signing')
    await page.click('button >> text="Rotate now"')
    await page.fill('[role=dialog] input', new URL(desk.url).host)
    await page.click('[role=dialog] button[type=submit]')
    await page.waitForSelector('input[type=password]')
  })

  it('has no problems in any window', () => assert.deepEqual(desk.problems, []))
})
