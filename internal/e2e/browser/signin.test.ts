import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { openBrowser } from './chromium.ts'
import { bundledClient } from './client.ts'
import { openMailbox, type Mailbox } from './mailbox.ts'
import { codeOf } from './authenticator.ts'
import { openProvider, type Provider } from './provider.ts'
import { eventually, newEmail, openShop, password, patience, type Shop } from './shop.ts'

const pictures = process.env.PICTURES // where screenshots go, if anywhere
const desktop = { width: 1280, height: 860 }
const phone = { width: 390, height: 844 }

describe('signing in to the pet store, in a browser', () => {
  let shop: Shop
  let browser: Browser
  let mailbox: Mailbox
  let provider: Provider
  const contexts: BrowserContext[] = []
  const problems: string[] = []

  before(async () => {
    [mailbox, provider, browser] = await Promise.all([openMailbox(), openProvider(), openBrowser()])
    shop = await openShop('serve', undefined, {
      SMTP_URL: mailbox.smtp, OPENID_ISSUER: provider.issuer, OPENID_CLIENT_ID: 'shop', OPENID_CLIENT_SECRET: 'a-secret-that-the-shop-has',
    })
  })
  after(async () => {
    for (const c of contexts) await c.close()
    await browser?.close()
    await shop?.stop()
    mailbox?.stop()
    provider?.stop()
  })

  function watch(page: Page): Page {
    page.setDefaultTimeout(patience)
    page.on('pageerror', e => problems.push(`${page.url()}: ${e}`))
    page.on('console', m => {
      if (m.type() === 'error' && page.url().startsWith(shop.url) && !/status of (400|403|422)/.test(m.text())) problems.push(m.text())
    })
    return page
  }

  async function visitor(size = desktop, url = shop.url): Promise<Page> {
    const context = await browser.newContext({ viewport: size })
    contexts.push(context)
    const page = watch(await context.newPage())
    await page.goto(url)
    await page.waitForSelector('main[data-live="live"] .card')
    return page
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (!pictures) return
    mkdirSync(pictures, { recursive: true })
    await page.screenshot({ path: join(pictures, name + '.png') })
  }

  /** What a person does at the provider. */
  async function atProvider(page: Page, name: string): Promise<void> {
    await page.fill('[name=login]', name)
    await page.fill('[name=password]', 'any')
    await page.click('[type=submit]')
    await page.click('[type=submit]:has-text("Continue")')
  }

  it('goes to the provider in place of the page, and comes back to where it was', async () => {
    const page = await visitor(phone)
    await page.click('nav >> text=Orders')
    await page.click('#account')
    await page.waitForSelector('[data-provider=openid]')
    assert.equal(await page.locator('.provider').count(), 1, 'the others have no secret')
    await picture(page, 'signin-phone')
    const before = page.url()
    await page.click('[data-provider=openid]')
    await page.waitForURL(u => u.origin === provider.issuer)
    await atProvider(page, 'ann')
    await page.waitForSelector('#account.in')
    assert.equal(await page.textContent('#account'), 'ann@corp.example')
    assert.equal(page.url(), before, 'no code is left in the address')
    await page.goBack() // not to the code either
    assert.ok(!page.url().includes('code='), page.url())
    await page.goto(shop.url)
    await page.waitForSelector('#account.in')
    await picture(page, 'signedin-phone')
    const tab = watch(await page.context().newPage())
    await tab.goto(shop.url)
    await tab.waitForSelector('#account.in')
    await page.click('#account')
    await page.waitForSelector('.identities li')
    await picture(page, 'account-phone')
    await page.click('dialog >> text="Sign out"')
    await tab.waitForSelector('#account:not(.in)')
    await page.reload()
    await page.waitForSelector('#account:not(.in)')
  })

  it('asks the provider in a window above the page', async () => {
    const page = await visitor()
    await page.click('.card:not(.gone) .add')
    await page.click('.cartlink')
    await page.click('#buy')
    await page.waitForSelector('[data-provider=openid]')
    await picture(page, 'signin-desktop')
    const window = page.waitForEvent('popup')
    await page.click('[data-provider=openid]')
    const popup = await window
    const closed = new Promise(r => popup.on('close', r))
    await popup.waitForURL(u => u.origin === provider.issuer)
    await picture(popup, 'provider')
    assert.equal(await popup.evaluate('window.opener'), null)
    await atProvider(popup, 'bob')
    await page.waitForSelector('#account.in')
    assert.equal(await page.textContent('#account'), 'bob@corp.example')
    await closed
    assert.equal(new URL(page.url()).hash, '#/cart', 'the page never left')
    await page.click('#buy')
    await page.waitForSelector('main .lines li[data-id]')
    await page.reload()
    await page.waitForSelector('#account.in')
    await page.click('#account')
    await page.waitForSelector('.identities li')
    await picture(page, 'account-desktop')
  })

  it('takes localhost and 127.0.0.1 for one place', async () => {
    const url = shop.url.includes('localhost') ? shop.url.replace('localhost', '127.0.0.1') : shop.url.replace('127.0.0.1', 'localhost')
    for (const size of [phone, desktop]) {
      const page = await visitor(size, url)
      await page.click('#account')
      const window = size === desktop && page.waitForEvent('popup')
      await page.click('[data-provider=openid]')
      const there = await window || page
      await there.waitForURL(u => u.origin === provider.issuer)
      await atProvider(there, 'carol')
      await page.waitForSelector('#account.in')
      assert.ok(page.url().startsWith(url), page.url())
    }
  })

  it('leaves the page as it is when the window is closed', async () => {
    const page = await visitor()
    await page.click('#account')
    const window = page.waitForEvent('popup')
    await page.click('[data-provider=openid]')
    const popup = await window
    await popup.waitForURL(u => u.origin === provider.issuer)
    assert.ok(await page.locator('[data-provider=openid]').isDisabled())
    await popup.close()
    await page.bringToFront()
    await page.waitForSelector('[data-provider=openid]:not([disabled])')
    assert.equal(await page.locator('.toast').count(), 0)
  })

  it('says what went wrong at the provider', async () => {
    const page = await visitor(phone)
    await page.click('#account')
    await page.click('[data-provider=openid]')
    await page.waitForURL(u => u.origin === provider.issuer)
    await page.click('text=Cancel')
    await page.waitForSelector('.toast.bad')
    assert.equal(new URL(page.url()).search, '')
    await page.waitForSelector('#account:not(.in)')
  })

  it('ignores codes and tokens in an address that this browser did not begin', async () => {
    const victim = await visitor(desktop, shop.url + '/?hutch_flow=stolen&code=abc#/')
    assert.ok(victim.url().includes('code=abc'), 'what is not ours stays')
    await victim.goto(shop.url + '/?token_hash=abc&type=magiclink&access_token=x#access_token=y&refresh_token=z')
    await victim.waitForSelector('#account:not(.in)')
    assert.equal(await victim.locator('.toast').count(), 0)
  })

  it('signs up with a mailed code, and in with a mailed link', async () => {
    const page = await visitor(phone)
    const email = newEmail()
    await page.click('#account')
    await page.click('text=New here?')
    await page.fill('dialog [name=email]', email)
    await page.fill('dialog [name=password]', password)
    await page.click('dialog button[type=submit]')
    await page.waitForSelector('dialog [name=code]')
    await picture(page, 'code-phone')
    await page.fill('dialog [name=code]', '000000')
    await page.click('dialog button[type=submit]')
    await page.waitForSelector('.problem:not(:empty)')
    await page.fill('dialog [name=code]', await mailbox.code(email))
    await page.click('dialog button[type=submit]')
    await page.waitForSelector('#account.in')

    const again = await visitor()
    await again.click('#account')
    await again.fill('dialog [name=email]', email)
    await again.click('text=Mail me a code')
    await again.click('dialog button[type=submit]')
    await again.waitForSelector('dialog [name=code]')
    const mail = await mailbox.next(email)
    const tab = watch(await again.context().newPage())
    await tab.goto(mail.link)
    await picture(tab, 'link')
    await tab.click('button')
    await tab.waitForSelector('#account.in')
    assert.equal(new URL(tab.url()).search, '')
    await again.waitForSelector('#account.in') // the tab that asked, too
    const stranger = await visitor()
    await stranger.goto(mail.link)
    await stranger.waitForSelector('text=The link was used')
  })

  for (const [what, old] of [['as browsers have them', false], ['where browsers know no JSON of them', true]] as const) {
    it('adds a passkey and signs in with it, ' + what, async () => {
      const page = await visitor(phone, shop.url.replace('127.0.0.1', 'localhost')) // passkeys are of domains
      if (old) {
        await page.addInitScript(() => {
          const all = PublicKeyCredential as unknown as Record<string, unknown>
          delete all.parseCreationOptionsFromJSON
          delete all.parseRequestOptionsFromJSON
          delete (PublicKeyCredential.prototype as unknown as Record<string, unknown>).toJSON
        })
        await page.reload()
      }
      const devtools = await page.context().newCDPSession(page)
      await devtools.send('WebAuthn.enable')
      const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
        options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
      })
      await page.click('#account')
      await page.click('[data-provider=openid]')
      await atProvider(page, old ? 'erik' : 'emma')
      await page.waitForSelector('#account.in')
      const name = await page.textContent('#account')
      await page.click('#account')
      await page.click('dialog [data-provider=passkey]')
      await page.waitForSelector('.identities li:has-text("Passkey")')
      await picture(page, 'passkey-phone')
      await page.click('dialog [data-provider=passkey]') // one a device
      await page.waitForSelector('.toast.bad:has-text("already")')
      await page.click('dialog >> text="Sign out"')
      await page.waitForSelector('#account:not(.in)')
      await page.click('#account')
      await page.waitForSelector('dialog [data-provider=passkey]')
      await picture(page, 'passkey-signin-phone')
      await page.click('dialog [data-provider=passkey]')
      await page.waitForSelector('#account.in')
      assert.equal(await page.textContent('#account'), name)
      assert.equal(await page.evaluate(`${await bundledClient()}; client.createClient().auth.ready.then(u => u.aal)`), 'aal2')
      await page.click('#account')
      await page.click('.identities li:has-text("Passkey") >> text=Remove')
      await page.waitForSelector('.identities li:has-text("Passkey")', { state: 'detached' })
      await page.click('dialog >> text="Sign out"')
      await page.click('#account')
      await page.click('dialog [data-provider=passkey]')
      await page.waitForSelector('.toast.bad:has-text("no account")')
      await devtools.send('WebAuthn.clearCredentials', { authenticatorId })
    })
  }

  it('takes a security key for a second factor', async () => {
    const page = await visitor(phone, shop.url.replace('127.0.0.1', 'localhost'))
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('WebAuthn.enable')
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: { protocol: 'ctap2', transport: 'usb', hasResidentKey: false, hasUserVerification: false, automaticPresenceSimulation: true },
    })
    const email = newEmail()
    const signIn = async () => {
      await page.click('#account')
      await page.fill('dialog [name=email]', email)
      await page.click('text=Mail me a code')
      await page.click('dialog button[type=submit]')
      await page.fill('dialog [name=code]', await mailbox.code(email))
      await page.click('dialog button[type=submit]')
    }
    /** What the page's client does with mfa, in its session. */
    const mfa = async (body: string) => page.evaluate(`${await bundledClient()}; (async () => {
      const { auth } = client.createClient()
      await auth.ready
      ${body}
    })()`)
    const strength = 'return [auth.user.aal, (await auth.mfa.list()).map(f => [f.type, f.name, f.verified])]'
    await signIn()
    await page.waitForSelector('#account.in')
    await page.click('#account')
    await page.click('dialog >> text="Use a security key"')
    await page.waitForSelector('.toast:has-text("ask for your key")')
    assert.deepEqual(await mfa(strength), ['aal2', [['webauthn', 'Security key', true]]])
    await page.click('#account')
    await page.click('text=Get recovery codes')
    await page.waitForSelector('.codes code')
    const codes = await page.locator('.codes code').allTextContents()
    assert.equal(new Set(codes).size, 10)
    await picture(page, 'recovery-codes-phone')
    await page.click('text=I have them')

    const leave = async () => {
      await page.click('#account')
      await page.click('dialog >> text="Sign out"')
      await page.waitForSelector('#account:not(.in)')
    }
    await leave()
    await signIn()
    await page.click('dialog >> text="Use your security key"')
    await eventually('the second factor', async () => (await mfa(strength) as unknown[])[0] === 'aal2') // a toast may be of before
    await leave()
    await signIn()
    await page.click('text=Use a recovery code')
    for (const code of ['none of them', codes[0] as string]) {
      await page.fill('dialog [name=recovery]', code)
      await page.click('dialog button[type=submit]')
      if (code !== codes[0]) await page.waitForSelector('.problem:not(:empty)')
    }
    await eventually('a code that is spent', async () => await mfa('return auth.mfa.recoveryCodes().catch(() => 0)') === 9)
    await page.click('#account')
    await page.click('text=Delete my account')
    await picture(page, 'delete-account-phone')
    await page.fill('dialog [name=who]', 'somebody@else.example')
    await page.click('dialog button[type=submit]')
    assert.equal(await page.locator('dialog [name=who]').count(), 1, 'another address deletes nothing')
    await page.fill('dialog [name=who]', email)
    await page.click('dialog button[type=submit]')
    await page.waitForSelector('.toast:has-text("Your account is gone")')
    await page.waitForSelector('#account:not(.in)')
    assert.equal(await mfa('return auth.user'), null)
  })

  it('asks for a second factor', async () => {
    const page = await visitor(phone)
    const email = newEmail()
    await page.click('#account')
    await page.fill('dialog [name=email]', email)
    await page.click('text=Mail me a code')
    await page.click('dialog button[type=submit]')
    await page.fill('dialog [name=code]', await mailbox.code(email))
    await page.click('dialog button[type=submit]')
    await page.waitForSelector('#account.in')
    await page.click('#account')
    await page.click('text=Turn two-step sign-in on')
    await page.waitForSelector('.qr')
    assert.ok(await page.evaluate(() => (document.querySelector('.qr') as HTMLImageElement).naturalWidth > 0), 'the QR code shows')
    await picture(page, 'factor-phone')
    const secret = await page.textContent('.key') as string
    await page.fill('dialog [name=code]', codeOf(secret))
    await page.click('dialog button[type=submit]')
    await page.waitForSelector('.toast:has-text("From now on")')

    const again = await visitor()
    await again.click('#account')
    await again.fill('dialog [name=email]', email)
    await again.click('text=Mail me a code')
    await again.click('dialog button[type=submit]')
    await again.fill('dialog [name=code]', await mailbox.code(email))
    await again.click('dialog button[type=submit]')
    await again.waitForSelector('text=One more step')
    await picture(again, 'factor-desktop')
    await again.fill('dialog [name=code]', '000000')
    await again.click('dialog button[type=submit]')
    await again.waitForSelector('.problem:not(:empty)')
    await again.fill('dialog [name=code]', codeOf(secret, 1))
    await again.click('dialog button[type=submit]')
    await again.waitForSelector('.toast:has-text("Good to see you")')
    await again.click('nav >> text=Orders')
    await again.waitForSelector('main[data-live="live"]')
    await again.click('#account')
    await again.click('text=Turn two-step sign-in off')
    await again.waitForSelector('.toast:has-text("enough again")')
  })

  it('refreshes once for all tabs', async () => {
    const page = await visitor(phone)
    await page.click('#account')
    await page.click('[data-provider=openid]')
    await atProvider(page, 'dora')
    await page.waitForSelector('#account.in')
    const tabs = [page]
    while (tabs.length < 4) tabs.push(watch(await page.context().newPage()))
    await Promise.all(tabs.slice(1).map(t => t.goto(shop.url)))
    await Promise.all(tabs.map(t => t.waitForSelector('main[data-live="live"]'))) // none is still starting
    let refreshes = 0
    for (const t of tabs) t.on('request', r => { if (r.url().includes('grant_type=refresh_token')) refreshes++ })
    await page.evaluate(() => {
      const key = Object.keys(localStorage).find(k => k.startsWith('hutch.session.')) as string
      localStorage.setItem(key, JSON.stringify({ ...JSON.parse(localStorage.getItem(key) as string), until: 0 }))
    })
    await Promise.all(tabs.map(t => t.reload()))
    await Promise.all(tabs.map(t => t.waitForSelector('main[data-live="live"]')))
    assert.equal(refreshes, 1)
    for (const t of tabs) assert.equal(await t.locator('#account.in').count(), 1)
  })

  it('sets a new password by mail', async () => {
    const page = await visitor()
    const email = newEmail()
    await page.click('#account')
    await page.fill('dialog [name=email]', email)
    await page.click('text=Mail me a code')
    await page.click('dialog button[type=submit]')
    await page.fill('dialog [name=code]', await mailbox.code(email))
    await page.click('dialog button[type=submit]')
    await page.waitForSelector('#account.in')

    const lost = await visitor(phone)
    await lost.click('#account')
    await lost.fill('dialog [name=email]', email)
    await lost.click('text=Forgot password?')
    await lost.click('dialog button[type=submit]')
    await lost.waitForSelector('dialog [name=code]')
    await lost.goto((await mailbox.next(email)).link)
    await lost.click('button')
    await lost.fill('dialog [name=password]', 'quite another password')
    await picture(lost, 'password-phone')
    await lost.click('dialog button[type=submit]')
    await lost.waitForSelector('.toast:has-text("changed")')
    await eventually('the other browser is out', async () => await page.locator('#account:not(.in)').count() === 1)
  })

  it('never let a page throw', () => assert.deepEqual(problems, []))
})
