import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { codeOf } from './authenticator.ts'
import { addTotp, axe, fits, openDesk, operator, phone, type Desk } from './dashboard.ts'
import { eventually } from './shop.ts'

const bob = { email: 'bob@shop.example', password: 'a sentence of my own' }

describe('an operator\'s account, where a second factor is asked for', () => {
  let desk: Desk
  before(async () => {
    desk = await openDesk('serve')
  })
  after(() => desk?.close())

  /** A fingerprint reader, as far as the browser knows; and what puts a key in its place while f runs. */
  async function withAuthenticator(page: Page): Promise<(f: () => Promise<void>) => Promise<void>> {
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    const add = async (transport: 'internal' | 'usb') => (await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: { protocol: 'ctap2', transport, hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    })).authenticatorId
    const reader = await add('internal')
    return async f => { // of two that are touched the faster one would answer
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: reader, enabled: false })
      const key = await add('usb')
      await f()
      await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: key })
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: reader, enabled: true })
    }
  }

  async function signOut(page: Page): Promise<void> {
    await page.click('header button.operator')
    await page.click('text="Sign out"')
    await page.waitForSelector('form input[type=email]')
  }

  async function password(page: Page, who = operator): Promise<void> {
    await page.fill('input[type=email]', who.email)
    await page.fill('input[type=password]', who.password)
    await page.click('button[type=submit]')
  }

  it('is not at the app\'s origin', async () => {
    for (const path of ['/_/', '/_/account', '/admin/v1/session']) assert.equal((await fetch(desk.shop.url + path)).status, 404, path)
  })

  it('made the first operator with an authenticator app', async () => {
    assert.ok(desk.secret)
    await desk.visit(desk.page, '/account')
    await desk.page.waitForSelector('section:has-text("Authenticator app") >> text="On"')
  })

  it('asks for the code after the password, and takes none twice', async () => {
    desk.expect(400, 401, 403, 422)
    const page = await desk.open({ size: phone }, true)
    await page.goto(desk.url + '/_/')
    await password(page)
    await page.waitForSelector('input[autocomplete=one-time-code]')
    await axe(page)
    await fits(page)
    await desk.picture(page, 'second-factor-phone')
    const code = await nextCode(desk.secret as string)
    await page.fill('input[autocomplete=one-time-code]', code === '000000' ? '000001' : '000000')
    await page.waitForSelector('[role=alert]')
    await eventually('an empty field', async () => await page.inputValue('input[autocomplete=one-time-code]') === '')
    await page.fill('input[autocomplete=one-time-code]', code)
    await page.waitForSelector('nav')
    await signOut(page)
    await password(page)
    await page.fill('input[autocomplete=one-time-code]', code)
    await page.waitForSelector('[role=alert]')
    await page.click('text="Sign in as somebody else"')
    await page.waitForSelector('input[type=email]')
    await page.context().close()
  })

  it('lets an invited operator in by a link that is good once', async () => {
    desk.expect(400, 403, 404, 410, 422)
    const link = new URL(desk.shop.hutch('operator', 'create', bob.email).trim().split(/\s+/).at(-1) as string, desk.url)
    const at = desk.url + '/_/setup' + link.hash
    const page = await desk.open({}, true)
    const withKey = await withAuthenticator(page)
    await page.goto(at)
    await page.fill('input[type=password]', bob.password)
    await page.click('button[type=submit]')
    await page.waitForSelector('h1:has-text("Add a second factor")')
    await axe(page)
    await desk.picture(page, 'enroll')
    await page.click('text="Add a passkey"')
    await page.waitForSelector('nav')

    const again = await desk.open({}, true)
    await again.goto(at)
    await again.fill('input[type=password]', bob.password)
    await again.click('button[type=submit]')
    await again.waitForSelector('[role=alert]')
    assert.equal(await again.locator('nav').count(), 0)
    await again.context().close()

    await signOut(page)
    await page.click('text="Use a passkey"') // alone: no password
    await page.waitForSelector('nav')
    await page.goto(desk.url + '/_/account')
    await page.click('[aria-label^="Rename"]')
    await page.fill('[role=dialog] input', '<b>my key</b>')
    await page.click('[role=dialog] button[type=submit]')
    await page.waitForSelector('[aria-label="Remove <b>my key</b>"]')
    await axe(page)

    await withKey(async () => {
      await page.click('text="Add a passkey"')
      await page.waitForSelector('[aria-label="Remove Passkey"]')
    })
    await page.click('[aria-label="Remove Passkey"]')
    await page.fill('[role=dialog] input', 'Passkey')
    await page.click('[role=dialog] button[type=submit]')
    await page.waitForSelector('[aria-label="Remove Passkey"]', { state: 'detached' })

    await signOut(page)
    await password(page, bob) // and the passkey after it
    await page.click('text="Use a passkey"')
    await page.waitForSelector('nav')

    for (const way of ['password', 'passkey']) await provesAnew(page, way)
    await page.context().close()
  })

  /** Makes a key where the server finds the proof too old, by its own answer: the dialog takes another one, and the key is made. */
  async function provesAnew(page: Page, way: string): Promise<void> {
    let asked = 0
    await page.route('**/admin/v1/keys', async route => {
      if (route.request().method() !== 'POST' || ++asked > 1) return route.fallback()
      await route.fulfill({ status: 400, contentType: 'application/json', body: JSON.stringify({ code: 'reauthentication_needed', message: 'confirm with your password first' }) })
    })
    await page.goto(desk.url + '/_/settings?tab=keys')
    await page.click('button:has-text("Create a key") >> nth=0')
    await page.fill('[role=dialog] input[maxlength="64"]', way)
    await page.click('[role=dialog] button[type=submit]')
    const proof = '[role=dialog]:has(input[type=password])'
    await page.waitForSelector(proof)
    await axe(page)
    await desk.picture(page, 'proof')
    if (way === 'passkey') await page.click(`${proof} >> text="Use a passkey"`)
    else {
      await page.fill(`${proof} input`, 'not it')
      await page.click(`${proof} button[type=submit]`)
      await page.waitForSelector(`${proof} [role=alert]`)
      await page.fill(`${proof} input`, bob.password)
      await page.click(`${proof} button[type=submit]`)
    }
    await page.waitForSelector(proof, { state: 'detached' })
    assert.match(await page.textContent('[role=dialog] pre') ?? '', /^hutch_sk_ops_/)
    await page.unroute('**/admin/v1/keys')
  }

  it('changes the password, and that ends the other sessions', async () => {
    desk.expect(400, 401, 403, 422)
    const other = await desk.open({}, true)
    await other.goto(desk.url + '/_/account')
    await password(other)
    await other.fill('input[autocomplete=one-time-code]', await nextCode(desk.secret as string))
    await other.waitForSelector('section:has-text("Sessions")')

    await desk.visit(desk.page, '/account')
    await desk.page.waitForSelector('text="End all others"')
    await desk.picture(desk.page, 'account')
    await desk.page.fill('input[autocomplete=current-password]', 'not it')
    await desk.page.fill('input[autocomplete=new-password]', operator.password + '!')
    await desk.page.click('text="Change the password"')
    await desk.page.waitForSelector('section:has-text("Password") [role=alert]')
    await desk.page.fill('input[autocomplete=current-password]', operator.password)
    await desk.page.click('text="Change the password"')
    await desk.page.waitForSelector('text="The password is changed."')
    await other.reload()
    await other.waitForSelector('form input[type=email]')
    await other.context().close()
  })

  it('keeps the last factor, and takes another authenticator app in dev', async () => {
    const dev = await openDesk('dev')
    try {
      await dev.visit(dev.page, '/account')
      await dev.page.click('text="Set up"')
      await dev.page.waitForSelector('svg[role=img][aria-label^="QR"]')
      await axe(dev.page)
      await dev.picture(dev.page, 'totp')
      await addTotp(dev.page)
      await dev.page.waitForSelector('section:has-text("Authenticator app") >> text="On"')
      await dev.page.waitForSelector('[role=dialog]', { state: 'detached' })
      await dev.page.click('section:has-text("Authenticator app") >> text="Remove"')
      await dev.page.click('[role=dialog] button[type=submit]')
      await dev.page.waitForSelector('section:has-text("Authenticator app") >> text="Off"')
      assert.deepEqual(dev.problems, [])
    } finally {
      await dev.close()
    }
  })

  it('never let a page throw, break the policy or ask another origin', () => assert.deepEqual(desk.problems, []))
})

const used = new Set<string>()

/** The code of the next period, once: the server takes it early, but none that is older than the last it took. */
async function nextCode(secret: string): Promise<string> {
  for (;;) {
    const code = codeOf(secret, 1)
    if (!used.has(code)) {
      used.add(code)
      return code
    }
    await new Promise(r => setTimeout(r, 1000))
  }
}
