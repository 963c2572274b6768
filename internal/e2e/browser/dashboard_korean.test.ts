import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { desktop, fits, openDesk, phone, type Desk } from './dashboard.ts'

// Names, units and the words of files are the same in Korean; what has digits is an id.
const names = /^(Hutch|TSV|Tab|Control|Go|dev|linux|id|date|auth|mail|smtp|JSONL?|CSV|TOTP|QR|ID|IP|URL|TLS|HTTPS?|HTML|JWKS|SMTP|MongoDB|CPU|KB|kB|MB|GB|TB|ms|UTC|Ctrl|Enter|Space|Esc|RE2|ObjectId|Chrome|Chromium|Linux|K|B|Base64|JSON Schema|Schema|English|null|true|false|auth|ops|data|kid|aal\d|p\d\d|\dxx|xx|hutch|yaml|access|schema|indexes|collections|functions|preset|default|get|list|create|update|set|delete|email|totp|passkey|GET|POST|PUT|PATCH|DELETE|TypeScript|_id|go|linux|amd|arm|GHz|AM|PM)$/

/** Latin words that a person reads and that no server gave: those stand in bdi or code, or are marked as English. */
const latin = (page: Page): Promise<string[]> => page.evaluate(() => {
  const own = 'td, bdi, code, pre, kbd, time, svg, script, style, option, .mono, .cm-editor, [lang=en], iframe, textarea, [data-virtual]'
  const words: string[] = []
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const at = n.parentElement
    if (!at || at.closest(own) || !at.checkVisibility()) continue
    for (const w of n.textContent?.match(/[A-Za-z][A-Za-z\d]+/g) ?? []) words.push(w + '\t' + n.textContent?.trim().slice(0, 80))
  }
  for (const e of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
    if (e.closest(own)) continue
    for (const name of ['aria-label', 'placeholder']) {
      const text = e.getAttribute(name) ?? ''
      for (const w of text.match(/[A-Za-z][A-Za-z\d]+/g) ?? []) words.push(w + '\t' + name + ': ' + text.slice(0, 80))
    }
  }
  return words
})

// What the pet store is called by its own authors, where it cannot stand in bdi: options and names of controls.
const ours = /petstore|products|orders|notes|ann|shop|example|pets|owner/i

describe('the dashboard in Korean, in a browser', () => {
  let desk: Desk
  before(async () => {
    desk = await openDesk('dev')
    await desk.ask('POST', '/admin/v1/auth/users', { email: 'bob@shop.example', email_confirm: true })
  })
  after(() => desk?.close())

  it('shows no English of its own on any page', async () => {
    const page = await desk.open({ language: 'ko' })
    const found = new Set<string>()
    const look = async (path: string) => {
      for (const hit of await latin(page)) {
        const [word = '', text = ''] = hit.split('\t')
        if (!names.test(word) && !/\d/.test(word) && !ours.test(text)) found.add(`${path}: ${text}`)
      }
    }
    const paths = [
      '/overview', '/overview?jobs=dead', '/data?in=products', '/data?in=products&panel=filter', '/data?in=products&panel=import', '/data?in=products&panel=export', '/data?in=products&panel=explain', '/data?in=products&panel=keys',
      '/data?in=products&tab=schema', '/data?in=products&tab=indexes', '/data?in=products&tab=rules', '/users', '/users?do=create', '/users?do=invite', '/functions', '/live', '/live?tab=groups', '/live?tab=console', '/rules', '/logs', '/logs?kind=audit',
      '/settings', '/settings?tab=keys', '/settings?tab=keys&do=key', '/settings?tab=operators', '/settings?tab=operators&do=invite', '/settings?tab=signing', '/settings?tab=mail', '/settings?tab=about', '/account', '/no-such-page',
    ]
    for (const path of paths) {
      await desk.visit(page, path)
      await look(path)
    }
    await desk.visit(page, '/account')
    await page.keyboard.press('Control+k')
    await page.waitForSelector('[role=dialog] input')
    await look('palette')
    assert.deepEqual([...found], [])
  })

  it('says in Korean what went wrong', async () => {
    desk.expect(404, 409, 500)
    const page = await desk.open({ language: 'ko' })
    await page.route('**/admin/v1/overview', r => r.fulfill({ status: 409, contentType: 'application/json', body: '{"code":"already_exists","message":"the name is taken"}' }))
    await desk.visit(page, '/overview')
    await page.waitForSelector('[role=alert]:has-text("이미 존재합니다")')
    await page.context().close()
  })

  it('is drawn well, at a desk and on a phone', async () => {
    for (const [kind, size] of [['desk', desktop], ['phone', phone]] as const) {
      const page = await desk.open({ language: 'ko', size })
      for (const path of ['/overview', '/data?in=products', '/settings?tab=signing']) {
        await desk.visit(page, path)
        await fits(page)
        if (path === '/overview') await page.locator('[data-plot=requests] .recharts-surface').waitFor().catch(() => undefined)
        await desk.picture(page, `ko-${kind}${path.replace(/\W+/g, '-')}`)
      }
      await page.context().close()
    }
  })
})
