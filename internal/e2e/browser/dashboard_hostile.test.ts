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
    writeFileSync(join(app, 'hutch.yaml'), yaml)
    writeFileSync(join(app, 'functions/noise.ts'), [
      ...payloads.map(p => `// ${line(p)}`),
      "import { fn, HutchError } from '@hutch/client/functions'",
      'export default fn(({ data }) => {', '  console.log(data.text)', '  console.error({ [data.text]: data.text })',
      "  throw new HutchError('invalid_argument', data.text, { field: data.text, hint: data.text })", '})', '',
    ].join('\n'))
    mkdirSync(join(app, 'mails'))
    for (const name of ['magiclink', 'recover', 'password_changed']) {
      writeFileSync(join(app, 'mails', name + '.txt'), `Subject: ${line(payloads.join(' ')).slice(0, 400)}\n\n${payloads.join('\n')}\n`.replaceAll('{{', '{ {'))
    }
    desk = await openDesk('dev', app)
    desk.expect(400, 403, 404, 413, 422, 500)
    await desk.seed('notes', [
      ...payloads.map((text, i) => ({ _id: 'n' + i, text, list: [text, { deep: text }], ['f' + i + text.replace(/[.$\0]/g, '').slice(0, 60)]: i })),
      { _id: 'huge', text: huge, ['k'.repeat(200)]: huge },
    ])
    for (const [i, text] of payloads.entries()) {
      const res = await fetch(desk.shop.url + '/auth/v1/signup', {
        method: 'POST', headers: { 'content-type': 'application/json', 'user-agent': encodeURI(text).slice(0, 300) || 'x' },
        body: JSON.stringify({ email: `hostile${i}@example.test`, password: 'correct horse battery', data: { name: text, avatar_url: text } }),
      })
      if (i === 0) assert.equal(res.status, 200, await res.text())
      if (res.status === 429) break
    }
    const { token } = await signUp(desk.shop.url).catch(() => ({ token: '' }))
    for (const text of [...payloads, huge.slice(0, 20_000)]) {
      await fetch(desk.shop.url + '/functions/v1/noise', {
        method: 'POST', headers: { 'content-type': 'application/json', ...(token && { authorization: 'Bearer ' + token }) }, body: JSON.stringify({ text }),
      })
      await fetch(desk.shop.url + '/data/v1/docs/' + encodeURIComponent(text).slice(0, 200))
    }
  })
  after(async () => {
    await desk?.close()
    rmSync(app, { recursive: true, force: true })
  })

  for (const { id, path } of [...pages, { id: 'account', path: '/account' }]) {
    it(`is inert on ${id}`, async () => {
      for (const size of [desktop, phone]) {
        const page = await desk.open({ size })
        for (const view of ['', ...views[id] ?? []]) {
          await desk.visit(page, path + view)
          await inert(page)
          await fits(page)
          if (view === '?in=notes') await page.waitForSelector(`#content >> text=${payloads[0]}`) // it is there, as text
        }
        await desk.visit(page, path)
        await wander(page)
        await desk.picture(page, `hostile-${id}-${size.width}`)
        await page.context().close()
      }
      assert.deepEqual(desk.problems, [])
    })
  }
})

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
