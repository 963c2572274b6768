import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { axe, desktop, fits, inert, openDesk, phone, settled, type Desk } from './dashboard.ts'
import { eventually, root, signUp } from './shop.ts'

const evil = '<img src=x onerror="alert(1)" id=evil>'

/** The pet store with a function that fails when it is told to. */
function brokenShop(): string {
  const app = join(mkdtempSync(join(tmpdir(), 'hutch-fn-')), 'app')
  cpSync(join(root, 'examples/petstore'), app, { recursive: true, filter: p => !p.includes('.hutch') })
  writeFileSync(join(app, 'functions/fragile.ts'), [
    'import { fn } from \'@hutch/client/functions\'', '',
    'interface Input { fail?: boolean }', '',
    'export default fn<\'call\'>(async ({ data }) => {',
    '  console.log(\'asked\')',
    '  console.warn(' + JSON.stringify(evil) + ')',
    '  if ((data as Input | null)?.fail) throw new TypeError(\'it broke\')',
    '  return { fine: true }',
    '})', '',
  ].join('\n'))
  writeFileSync(join(app, 'functions/outer.ts'), "import { fn } from '@hutch/client/functions'\n\nexport default fn<'call'>(async ({ data }, ctx) => ctx.call('fragile', data))\n")
  const yaml = readFileSync(join(app, 'hutch.yaml'), 'utf8')
  const call = (name: string) => `  ${name}: { handler: functions/${name}.ts, trigger: { call: {} }, auth: "true" }\n`
  writeFileSync(join(app, 'hutch.yaml'), yaml.replace('functions:\n', 'functions:\n' + call('fragile') + call('outer')))
  return app
}

describe('the Functions page, in a browser', () => {
  const app = brokenShop()
  let desk: Desk
  let page: Page
  let ann: { token: string; uid: string; email: string }
  const call = (body: unknown, token?: string): Promise<Response> => fetch(desk.shop.url + '/functions/v1/fragile', {
    method: 'POST', headers: { 'content-type': 'application/json', ...(token && { authorization: 'Bearer ' + token }) }, body: JSON.stringify(body),
  })

  before(async () => {
    desk = await openDesk('dev', app)
    page = await desk.open()
    ann = await signUp(desk.shop.url)
    for (let i = 0; i < 3; i++) assert.equal((await call({ n: i }, ann.token)).status, 200)
    assert.equal((await call({ fail: true, password: 'hunter22' }, ann.token)).status, 500)
  })
  after(async () => {
    await desk?.close()
    rmSync(join(app, '..'), { recursive: true, force: true })
  })

  it('lists the functions with how they fare', async () => {
    await desk.visit(page, '/functions')
    const row = page.locator('[role=row]', { hasText: 'fragile' })
    await row.waitFor()
    assert.match(await row.textContent() ?? '', /call.*4.*1 failed.*it broke/s)
    for (const name of ['purchase', 'search', 'checkPet']) assert.equal(await page.locator('[role=row]', { hasText: name }).count() > 0, true, name)
    await axe(page)
    await desk.picture(page, 'functions')
    await page.locator('[role=grid]').focus()
    await page.fill('input[placeholder]', 'fragile')
    await row.locator('[role=gridcell]').first().click()
    await page.waitForURL(/fn=fragile/)
  })

  it('shows a failed run with its mapped stack, console and input, without secrets', async () => {
    await desk.visit(page, '/functions?fn=fragile&outcome=failed')
    await page.locator('[role=row]', { hasText: 'it broke' }).first().locator('[role=gridcell]').first().click()
    await page.waitForURL(/run=/)
    const drawer = page.getByRole('dialog')
    await drawer.locator('pre').waitFor()
    assert.match(await drawer.locator('pre').first().textContent() ?? '', /functions\/fragile\.ts:8/)
    await eventually('the input', async () => /REDACTED/.test(await drawer.textContent() ?? ''))
    const text = await drawer.textContent() ?? ''
    assert.match(text, /asked/)
    assert.ok(text.includes(evil), 'console lines are text')
    assert.ok(!text.includes('hunter22'))
    await inert(page)
    await axe(page)
    await desk.picture(page, 'functions-run')
    await drawer.locator('a[href*="/logs?request="]').click()
    await page.waitForURL(/logs\?request=/)
    await page.locator('[role=row]', { hasText: 'POST /functions/v1/{name}' }).first().waitFor()
    await page.locator('[role=row]', { hasText: 'fragile' }).first().waitFor()
    await page.goBack()
    await page.getByRole('dialog').waitFor()
  })

  it('shows the source that runs', async () => {
    await desk.visit(page, '/functions?fn=fragile&tab=source')
    await page.locator('.cm-content').waitFor()
    assert.match(await page.locator('.cm-content').textContent() ?? '', /interface Input/)
    await page.locator('.cm-content').click()
    await page.keyboard.insertText('never')
    assert.doesNotMatch(await page.locator('.cm-content').textContent() ?? '', /never/)
    await desk.picture(page, 'functions-source')
  })

  it('calls a function as a user, with its run and console, and the audit tells', async () => {
    await desk.visit(page, '/functions?fn=purchase&tab=call')
    await page.locator('.cm-content').waitFor()
    const write = async (text: string): Promise<void> => {
      await page.locator('.cm-content').click()
      await page.keyboard.press('Control+a')
      await page.keyboard.insertText(text)
    }
    await write('{"productId": "x", "quantity": "many"}')
    await page.getByRole('combobox', { name: 'Call it as' }).fill(ann.email.slice(0, 8))
    await page.getByRole('option', { name: ann.email }).click()
    await page.waitForURL(u => u.searchParams.get('as') === ann.uid)
    await page.locator('.cm-lintRange-error').first().waitFor()
    assert.equal(await page.getByRole('button', { name: 'Call the function' }).isDisabled(), true)
    await write('{"productId": "none", "quantity": 1}')
    await page.getByLabel('Reason').fill('a customer asked')
    await page.getByRole('button', { name: 'Call the function' }).click()
    await page.getByText('no such product').waitFor()
    const [product] = (await desk.ask<{ docs: { _id: string }[] }>('GET', '/data/v1/docs/products?limit=1')).docs
    await write(JSON.stringify({ productId: product?._id, quantity: 1 }))
    await page.getByRole('button', { name: 'Call the function' }).click()
    await page.locator('a[href*="in=orders"]').waitFor()
    await desk.picture(page, 'functions-call')
    await axe(page)
    await page.getByRole('tab', { name: 'Source' }).click()
    await page.getByText('As it runs now').waitFor()
    await page.getByRole('tab', { name: 'Call' }).click()
    await page.locator('a[href*="in=orders"]').waitFor()
    assert.match(await page.locator('.cm-content').first().textContent() ?? '', new RegExp(String(product?._id)))
    assert.equal(await page.getByLabel('Reason').inputValue(), 'a customer asked')
    assert.equal(await page.getByRole('combobox', { name: 'Call it as' }).inputValue(), ann.email)
    const { logs } = await desk.ask<{ logs: { audit: { event: string; target: string; detail: string } }[] }>('GET', '/admin/v1/logs?kind=audit&q=function_invoked')
    assert.equal(logs.length, 2)
    assert.match(logs[0]?.audit.detail ?? '', new RegExp(ann.uid + '.*a customer asked'))
    const { runs } = await desk.ask<{ runs: { caller: { uid: string; actor: string }; wrote: { in: string }[] }[] }>('GET', '/admin/v1/runs?function=purchase&outcome=ok')
    assert.equal(runs[0]?.caller.uid, ann.uid)
    assert.deepEqual(runs[0]?.wrote.map(w => w.in).sort(), ['orders', 'products'])
  })

  it('goes from a run to the one that called it', async () => {
    const res = await fetch(desk.shop.url + '/functions/v1/outer', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
    assert.equal(res.status, 200)
    const { runs } = await desk.ask<{ runs: { id: string; at: string; parent?: string }[] }>('GET', '/admin/v1/runs?function=fragile')
    const nested = runs.find(r => r.parent)
    assert.ok(nested)
    await desk.visit(page, '/functions?fn=fragile&run=' + encodeURIComponent(`${nested.id} ${nested.at}`))
    await page.getByRole('dialog').locator('a', { hasText: 'outer' }).click()
    await page.waitForURL(u => u.searchParams.get('fn') === 'outer' && u.searchParams.get('run') === nested.parent)
    await page.getByRole('dialog').getByText(nested.parent as string).waitFor()
  })

  it('shows runs as they come, and stops while it is paused', async () => {
    await desk.visit(page, '/functions?fn=fragile&live=1')
    const of = (who: { uid: string }) => page.locator('[role=row]', { hasText: who.uid }) // callers of their own: no other run looks like theirs
    const [bea, cleo, dee] = [await signUp(desk.shop.url), await signUp(desk.shop.url), await signUp(desk.shop.url)]
    assert.equal((await call({}, bea.token)).status, 200)
    await of(bea).waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.waitForURL(u => !u.searchParams.has('live'))
    assert.equal((await call({}, cleo.token)).status, 200)
    await eventually('the run is stored', async () => (await desk.ask<{ runs: { caller: { uid: string } }[] }>('GET', '/admin/v1/runs?function=fragile')).runs.some(r => r.caller.uid === cleo.uid))
    await page.waitForTimeout(500) // as long as a tail that goes on would need
    assert.equal(await of(cleo).count(), 0)
    await page.getByRole('button', { name: 'Live' }).click()
    await of(cleo).waitFor()
    assert.equal((await call({}, dee.token)).status, 200)
    await of(dee).waitFor()
  })

  it('fits a phone, in both schemes and languages', async () => {
    const small = await desk.open({ size: phone, scheme: 'dark', language: 'ko' })
    for (const path of ['/functions', '/functions?fn=fragile', '/functions?fn=fragile&tab=call', '/functions?fn=fragile&tab=source']) {
      await desk.visit(small, path)
      await fits(small)
      await axe(small)
      await desk.picture(small, 'functions-phone' + path.replaceAll(/\W/g, '-'))
    }
    const dark = await desk.open({ size: desktop, scheme: 'dark' })
    await desk.visit(dark, '/functions?fn=fragile')
    await settled(dark)
    await axe(dark)
    await desk.picture(dark, 'functions-dark')
    assert.deepEqual(desk.problems, [])
  })
})
