// What people and programs outside wrote, on every page: it stays text.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { desktop, fits, inert, openDesk, phone, settled, type Desk } from './dashboard.ts'
import { root, signUp } from './shop.ts'

const { pages } = await import(String(join(root, 'dashboard/src/pages.ts'))) as { pages: { id: string; path: string }[] }
const payloads = JSON.parse(readFileSync(new URL('hostile.json', import.meta.url), 'utf8')) as string[]
const huge = '<b>' + 'W'.repeat(100_000) + '\u202e'
const line = (s: string) => s.replace(/[\r\n\0]/g, ' ')
/** As much of a text as fits into so many bytes, in whole characters. */
const within = (s: string, bytes: number): string => Array.from(s).reduce((out, c) => Buffer.byteLength(out + c) > bytes ? out : out + c, '')
/** What a mail of the app holds as HTML: all but what leaves the document open at its end. */
const markup = payloads.filter(p => !/<math>|<!--/.test(p)).map(p => `<div>${p.replaceAll('{{', '{ {')}</div>`).join('\n')

/** Views that a click does not lead to in every build of a page: by their links. */
const views: Record<string, string[]> = {
  data: ['?in=notes', '?in=notes&doc=n0', '?in=notes&doc=huge', '?in=%3Cscript%3Ealert(1)%3C%2Fscript%3E', '?in=notes&where=%7B%22a%22%3A%22%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E%22%7D'],
}

describe('hostile text on the dashboard', () => {
  let desk: Desk
  let app: string

  before(async () => {
    app = mkdtempSync(join(tmpdir(), 'hutch-hostile-'))
    cpSync(join(root, 'examples/petstore'), app, { recursive: true, filter: p => !p.includes('.hutch') })
    const yaml = readFileSync(join(app, 'hutch.yaml'), 'utf8')
      .replace(/^collections:$/m, `# ${line(payloads.join(' '))}\ncollections:\n  notes:\n    access: { read: "true", write: "true" }`)
      .replace(/^functions:$/m, 'functions:\n  noise: { handler: functions/noise.ts, trigger: { call: {} }, auth: "true" }')
      .replace(/^seed:.*$/m, '')
      .replace('mail: { ', 'mail: { templates: mails, ')
      .replace('name: petstore', 'name: petstore\nproxies: [127.0.0.1/32]') // each person signs up from a network of their own
    writeFileSync(join(app, 'hutch.yaml'), yaml)
    writeFileSync(join(app, 'functions/noise.ts'), [
      ...payloads.map(p => `// ${line(p)}`),
      "import { fn, HutchError } from '@hutch/client/functions'",
      'export default fn(({ data }) => {', '  console.log(data.text)', '  console.error({ [data.text]: data.text })',
      "  throw new HutchError('invalid_argument', data.text, { field: data.text, hint: data.text })", '})', '',
    ].join('\n'))
    mkdirSync(join(app, 'mails'))
    for (const name of ['magiclink', 'recover', 'password_changed']) {
      writeFileSync(join(app, 'mails', name + '.html'), markup)
      writeFileSync(join(app, 'mails', name + '.txt'), `Subject: ${line(payloads.join(' ')).slice(0, 400)}\n\n${payloads.join('\n')}\n`.replaceAll('{{', '{ {'))
    }
    mkdirSync(join(app, 'mails/app'))
    writeFileSync(join(app, 'mails/app/note.txt'), 'Subject: A note\n\n{{.Data.text}}\n')
    writeFileSync(join(app, 'mails/app/note.html'), '<p>{{.Data.text}}</p>')
    desk = await openDesk('dev', app)
    desk.expect(400, 403, 404, 413, 422, 500)
    await desk.seed('notes', [
      ...payloads.map((text, i) => ({ _id: 'n' + i, text, list: [text, { deep: text }], ['f' + i + text.replace(/[.$\0]/g, '').slice(0, 60)]: i })),
      { _id: 'huge', text: huge, ['k'.repeat(200)]: huge },
    ])
    for (const [i, text] of payloads.entries()) {
      const res = await fetch(desk.shop.url + '/auth/v1/signup', {
        method: 'POST', headers: { 'content-type': 'application/json', 'user-agent': encodeURI(text).slice(0, 300) || 'x', 'x-forwarded-for': `203.0.${i}.1` },
        body: JSON.stringify({ email: `hostile${i}@example.test`, password: 'correct horse battery', data: { name: text, avatar_url: text } }),
      })
      assert.equal(res.status, 200, await res.text())
    }
    const { token } = await signUp(desk.shop.url)
    for (const text of [...payloads, huge.slice(0, 20_000)]) {
      const res = await fetch(desk.shop.url + '/functions/v1/noise', {
        method: 'POST', headers: { 'content-type': 'application/json', authorization: 'Bearer ' + token }, body: JSON.stringify({ text }),
      })
      assert.equal(res.status, 400, await res.text())
      await fetch(desk.shop.url + '/data/v1/docs/' + encodeURIComponent(text).slice(0, 200))
      await desk.ask('POST', '/admin/v1/functions/noise/invoke', { data: { text }, as: 'guest', reason: within(text, 150) })
      await new Promise(r => setTimeout(r, 50)) // of a second 50 failed runs of a function are kept
    }
  })
  after(async () => {
    await desk?.close()
    rmSync(app, { recursive: true, force: true })
  })

  it('has arrived everywhere', async () => {
    const missing = async (where: string, texts: string[], holds: (text: string) => boolean) => {
      assert.deepEqual(texts.filter(t => !holds(t)), [], where)
    }
    const { docs } = await desk.ask<{ docs: { text: string }[] }>('GET', '/data/v1/docs/notes?limit=200')
    await missing('documents', [...payloads, huge], t => docs.some(d => d.text === t))
    const { users } = await desk.ask<{ users: { id: string; user_metadata: { name: string; avatar_url: string } }[] }>('GET', '/admin/v1/auth/users?per_page=200')
    await missing('metadata of users', payloads, t => users.some(u => u.user_metadata.name === t && u.user_metadata.avatar_url === t))
    const { runs } = await desk.ask<{ runs: { error: string; console: { text: string }[] }[] }>('GET', '/admin/v1/runs?function=noise&limit=200')
    await missing('errors of runs', payloads, t => runs.some(r => r.error.includes(line(t)) || r.error.includes(t)))
    await missing('lines of functions', payloads, t => runs.some(r => r.console[0]?.text === t))
    const { logs } = await desk.ask<{ logs: { kind: string; message: string; audit?: { event: string; detail: string } }[] }>('GET', '/admin/v1/logs?limit=500&kind=function,audit')
    await missing('logs', payloads, t => logs.some(l => l.kind === 'function' && (l.message.includes(t) || l.message.includes(line(t)))))
    await missing('audit', payloads, t => logs.some(l => l.audit?.event === 'function_invoked' && (JSON.parse(l.audit.detail) as { reason: string }).reason === within(t, 150)))
    const sources = await desk.ask<{ sources: { text: string }[] }>('GET', '/admin/v1/functions/noise')
    await missing('source', payloads, t => sources.sources.some(f => f.text.includes(line(t))))
    const mail = await desk.ask<{ subject: string; text: string; html: string }>('POST', '/admin/v1/mail/preview', { kind: 'magiclink' })
    await missing('mail', payloads, t => mail.text.replaceAll('\r\n', '\n').includes(t.replaceAll('{{', '{ {').replaceAll('\r\n', '\n')))
    assert.ok(mail.html.includes('<script>alert(1)</script>') && mail.html.includes('evil.example'), mail.html.slice(0, 500))
    for (const text of payloads) {
      const own = await desk.ask<{ html: string; text: string }>('POST', '/admin/v1/mail/preview', { template: 'note', data: { text } })
      assert.ok(!/<(script|img|svg|iframe|style|link|meta|form|a|math)/.test(own.html), own.html)
      assert.ok(own.text.includes(line(text).trim()) || own.text.includes(text), own.text)
    }
  })

  it('S99: writing from right to left stays in its place, on a page and in what is asked about', async () => {
    const page = await desk.open()
    for (const path of ['/users', '/data?in=notes', '/data?in=notes&doc=n15', '/logs?kind=function', '/functions?fn=noise', '/functions?fn=noise&tab=source', '/logs?kind=audit&q=function_invoked']) {
      await desk.visit(page, path)
      await page.waitForSelector(path.includes('doc=') || path.includes('source') ? '.cm-content' : '#content [role=grid] [role=row] >> nth=3')
      await isolated(page)
    }
    await page.context().close()
  })

  it('is inert in the preview of a mail, whose frame may do nothing', async () => {
    const page = await desk.open()
    const [asked, denied]: string[][] = [[], []]
    page.on('request', r => { if (/evil/.test(r.url())) asked?.push(r.url()) })
    page.on('requestfailed', r => { if (r.failure()?.errorText === 'csp') denied?.push(r.url()) })
    await desk.visit(page, '/settings?tab=mail&mail=magiclink')
    const frame = page.frameLocator('iframe[sandbox=""]')
    await frame.getByText('{ {constructor').first().waitFor({ state: 'attached' }) // it is there; its styles hide it
    await page.waitForTimeout(500)
    assert.equal(await page.locator('iframe').count(), 1)
    await inert(page)
    assert.equal(new URL(page.url()).pathname, '/_/settings', 'no refresh led away')
    for (const view of ['Text', 'Source']) {
      await page.locator('.mantine-SegmentedControl-label', { hasText: view }).click()
      await page.locator('pre', { hasText: 'alert(1)' }).first().waitFor()
      await inert(page)
    }
    await desk.picture(page, 'hostile-mail')
    await page.context().close()
    // what the frame would have done is told to the console, and refused
    assert.deepEqual(asked?.filter(url => !denied?.includes(url)), [])
    assert.deepEqual(desk.problems.splice(0).filter(p => !/about:srcdoc|Content Security Policy|sandbox|asked https:\/\/evil/.test(p)), [])
  })

  for (const { id, path } of [...pages, { id: 'account', path: '/account' }]) {
    it(`is inert on ${id}`, async () => {
      for (const size of [desktop, phone]) {
        const page = await desk.open({ size })
        for (const view of ['', ...views[id] ?? []]) {
          await desk.visit(page, path + view)
          await inert(page)
          await fits(page)
          await isolated(page)
          if (view === '?in=notes') await page.waitForSelector(`#content >> text=${payloads[0]}`) // it is there, as text
        }
        await desk.visit(page, path)
        await wander(page)
        await desk.picture(page, `hostile-${id}-${size.width}`)
        await page.context().close()
      }
      assert.deepEqual(desk.problems.splice(0), [])
    })
  }
})

/** Text that turns the direction of what follows is closed in by an element of its own. */
async function isolated(page: Page): Promise<void> {
  const loose = await page.evaluate(() => {
    const turns = /[\u202a-\u202e\u2066-\u2069\u200f\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const found: string[] = []
    while (texts.nextNode()) {
      const at = texts.currentNode
      if (!turns.test(at.textContent ?? '') || at.parentElement?.closest('script, style')) continue
      let e = at.parentElement
      while (e && e !== document.body && !/isolate|plaintext/.test(getComputedStyle(e).unicodeBidi) && e.tagName !== 'PRE') e = e.parentElement
      if (!e || e === document.body) found.push((at.parentElement?.outerHTML ?? '').slice(0, 200))
    }
    return found
  })
  assert.deepEqual(loose, [], page.url())
}

/** Opens the tabs of a page, then its first rows: what they show is inert, too. */
async function wander(page: Page): Promise<void> {
  for (const what of ['#content [role=grid] .grid-row [role=gridcell]:nth-child(2)', '#content tbody tr td:first-child', '#content [role=tab]']) {
    const count = Math.min(await page.locator(what).count(), 8)
    for (let i = 0; i < count; i++) {
      const thing = page.locator(what).nth(i)
      if (!await thing.isVisible().catch(() => false)) continue
      await thing.click({ timeout: 3000 }).catch(() => {}) // it may have gone, or lie under what the last click opened
      await settled(page)
      await inert(page)
      await page.keyboard.press('Escape')
    }
  }
}
