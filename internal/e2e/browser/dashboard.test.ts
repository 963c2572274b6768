import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { axe, desktop, fits, keyboard, openDesk, operator, phone, settled, type Desk } from './dashboard.ts'
import { root } from './shop.ts'

interface PageRow { id: string; path: string; text: string }
const { pages } = await import(String(join(root, 'dashboard/src/pages.ts'))) as { pages: PageRow[] }
const texts = JSON.parse(readFileSync(join(root, 'dashboard/src/texts.json'), 'utf8')) as Record<string, [string, string]>
const all = [...pages, { id: 'account', path: '/account', text: 'account.title' }]

describe('the dashboard, in a browser', () => {
  let desk: Desk
  before(async () => {
    desk = await openDesk('dev')
  })
  after(() => desk?.close())

  for (const { id, path, text } of all) {
    describe(id, () => {
      it('opens by its link, in English and in Korean', async () => {
        const korean = await desk.open({ language: 'ko' })
        for (const [page, n, lang] of [[desk.page, 0, 'en'], [korean, 1, 'ko']] as const) {
          await desk.visit(page, path)
          assert.equal(await page.locator('h1').first().textContent(), texts[text]?.[n])
          assert.equal(await page.getAttribute('html', 'lang'), lang)
        }
        await korean.context().close()
      })

      it('has nothing serious for axe-core, light and dark, and fits a phone', async () => {
        for (const scheme of ['light', 'dark'] as const) {
          for (const [kind, size] of [['desk', desktop], ['phone', phone]] as const) {
            const page = await desk.open({ scheme, size })
            await desk.visit(page, path)
            await desk.picture(page, `${id}-${kind}-${scheme}`)
            await fits(page)
            if (kind === 'desk' || scheme === 'light') await axe(page)
            await page.context().close()
          }
        }
      })

      it('works by keyboard', async () => {
        await desk.visit(desk.page, path)
        await keyboard(desk.page)
      })

      it('says what to do when the server refuses, fails or is gone', async () => {
        desk.expect(403, 500)
        for (const [status, code, says] of [[403, 'permission_denied', 'state.denied'], [500, 'internal', 'state.failed']] as const) {
          const page = await desk.open()
          await page.route(url => /^\/(admin|data)\/v1\//.test(url.pathname) && url.pathname !== '/admin/v1/session', route => route.fulfill({
            status, contentType: 'application/json', body: JSON.stringify({ code, message: 'not today', requestId: 'request-of-the-test' }),
          }))
          await desk.visit(page, path)
          await page.waitForSelector(`[role=alert]:has-text("${texts[says]?.[0]}")`)
          await axe(page)
          await page.context().close()
        }
      })
    })
  }

  it('follows the menu, the back button and what was typed into the address', async () => {
    const page = await desk.open()
    await desk.visit(page, '/account')
    for (const { text, path } of pages) {
      await page.click(`nav >> text="${texts[text]?.[0]}"`)
      await page.waitForURL(u => u.pathname.startsWith('/_' + path))
      await settled(page)
    }
    if (pages.length > 0) {
      for (const { path } of pages.slice(0, -1).toReversed()) {
        await page.goBack()
        await page.waitForURL(u => u.pathname.startsWith('/_' + path))
      }
    }
    await desk.visit(page, '/no-such-page')
    await page.waitForSelector(`text="${texts['state.noPage']?.[0]}"`)
    await axe(page)
    await page.context().close()
  })

  it('finds pages, actions, collections, functions and users by typing, wherever one is', async () => {
    const user = await desk.ask<{ id: string }>('POST', '/admin/v1/auth/users', { email: 'findable@pets.example', password: 'correct horse battery staple', email_confirm: true })
    const page = await desk.open()
    await desk.visit(page, '/account')
    const find = async (typed: string, there: RegExp, row = '[role=dialog] .mantine-Spotlight-action') => {
      await page.keyboard.press('Control+k')
      await page.waitForSelector('.mantine-Spotlight-search:focus')
      await page.keyboard.type(typed)
      await page.waitForSelector(row)
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowUp')
      await page.keyboard.press('Enter')
      await page.waitForURL(there)
      await page.waitForSelector('[role=dialog] .mantine-Spotlight-search', { state: 'hidden' })
    }
    const action = (text: string) => `.mantine-Spotlight-action:has-text("${text}")`
    await find('overview', /\/_\/overview$/)
    await find('products', /\/_\/data\?in=products$/, action('Import into products'))
    await find('New document in prod', /in=products&doc=%2B$/)
    await page.waitForSelector('[role=dialog] .cm-content')
    await desk.visit(page, '/overview')
    await find('Import into products', /in=products&panel=import$/)
    await desk.visit(page, '/overview')
    await find('Create a user', /\/_\/users\?do=create$/)
    await page.waitForSelector('[role=dialog]:has-text("Create a user") input[type=email]')
    await page.keyboard.press('Escape')
    await page.waitForURL(/\/_\/users$/)
    await find('findable', new RegExp(`user=${user.id}$`), action('findable@pets.example'))
    await desk.visit(page, '/overview')
    await find('Find users: ann', /\/_\/users\?q=/)
    await find('Create a key', /tab=keys&do=key$/)
    await page.waitForSelector('[role=dialog] input[maxlength="64"]')
    await desk.visit(page, '/overview')
    await find('Rotate the signing', /tab=signing$/)
    await page.waitForSelector('[role=dialog]:has-text("Rotate")')
    await desk.visit(page, '/data?in=products')
    await page.keyboard.press('Control+k')
    await page.waitForSelector('.mantine-Spotlight-search:focus')
    await page.waitForSelector(action('New document'))
    await desk.picture(page, 'palette')
    await axe(page)
    await page.keyboard.type('dark')
    await page.waitForSelector(action('Dark colors'))
    await page.keyboard.press('Enter')
    await page.waitForSelector('html[data-mantine-color-scheme=dark]')
    await page.context().close()
  })

  it('changes the language of what is on screen, and keeps what was typed', async () => {
    const page = await desk.open()
    await desk.visit(page, '/users')
    await page.fill(`input[aria-label="${texts['users.role']?.[0]}"]`, 'half a word')
    await desk.visit(page, '/rules')
    await page.locator('.cm-content').last().waitFor()
    await page.fill(`input[aria-label="${texts['who.search']?.[0]}"], main input[required]`, 'typed-id')
    await page.click(`[aria-label="${texts['language.title']?.[0]}"]`)
    await page.click('text=한국어')
    await page.waitForSelector(`h1:has-text("${texts['rules.title']?.[1]}")`)
    assert.equal(await page.inputValue('main input[required]'), 'typed-id')
    await page.context().close()
  })

  it('keeps language and colors', async () => {
    const page = await desk.open()
    await desk.visit(page, '/account')
    await page.click(`[aria-label="${texts['language.title']?.[0]}"]`)
    await page.click('text=한국어')
    await page.waitForSelector(`h1:has-text("${texts['account.title']?.[1]}")`)
    await page.click(`[aria-label="${texts['scheme.title']?.[1]}"]`)
    await page.click(`text="${texts['scheme.dark']?.[1]}"`)
    await page.reload()
    await page.waitForSelector(`h1:has-text("${texts['account.title']?.[1]}")`)
    assert.equal(await page.getAttribute('html', 'data-mantine-color-scheme'), 'dark')
    await page.context().close()
  })

  it('opens and closes its menu on a phone', async () => {
    const page = await desk.open({ size: phone })
    await desk.visit(page, '/account')
    const burger = page.locator(`header [aria-label="${texts['app.menu']?.[0]}"]`)
    assert.equal(await burger.getAttribute('aria-expanded'), 'false')
    await burger.click()
    assert.equal(await burger.getAttribute('aria-expanded'), 'true')
    await desk.picture(page, 'menu-phone')
    const first = pages[0]
    if (first) {
      await page.click(`nav >> text="${texts[first.text]?.[0]}"`)
      await page.waitForURL(u => u.pathname.startsWith('/_' + first.path))
      assert.equal(await burger.getAttribute('aria-expanded'), 'false')
    }
    await page.context().close()
  })

  it('lets nobody in without the password', async () => {
    desk.expect(400, 401)
    const page = await desk.open({}, true)
    await desk.visit(page, '/account')
    assert.equal(await page.textContent('h1'), texts['signin.title']?.[0])
    await desk.picture(page, 'signin')
    await axe(page)
    await signIn(page, 'wrong ' + operator.password)
    await page.waitForSelector('[role=alert]')
    await signIn(page, operator.password)
    await page.waitForSelector('nav')
    assert.equal(new URL(page.url()).pathname, '/_/account') // where the link led
    await page.click('header >> [aria-label*="' + operator.email + '"]')
    await page.click(`text="${texts['operator.signOut']?.[0]}"`)
    await page.waitForSelector('form input[type=email]')
    await page.context().close()
  })

  it('never let a page throw, break the policy or ask another origin', () => assert.deepEqual(desk.problems, []))
})

async function signIn(page: Page, password: string): Promise<void> {
  await page.fill('input[type=email]', operator.email)
  await page.fill('input[type=password]', password)
  await page.click('button[type=submit]')
}
