import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { axe, desktop, fits, keyboard, openDesk, phone, settled, type Desk } from './dashboard.ts'
import { eventually } from './shop.ts'

const shown = (page: Page, plot: string): Promise<string[]> => page.locator(`[data-plot=${plot}] b`).allTextContents()

/** A day of a busy app on two nodes, with gaps, as the server would answer. */
function day(): object {
  const n = 288
  const to = Math.ceil(Date.now() / 300_000) * 300_000
  const wave = (i: number, low: number, high: number, phase = 0) => low + (high - low) * (0.5 + 0.5 * Math.sin((i / n) * 2 * Math.PI - 1.6 + phase)) * (0.85 + 0.15 * Math.sin(i * 1.7) * Math.cos(i * 0.6))
  const series = (f: (i: number) => number) => Array.from({ length: n }, (_, i) => i > 90 && i < 97 ? null : Math.round(f(i) * 1000) / 1000)
  return {
    from: new Date(to - n * 300_000).toISOString(), to: new Date(to).toISOString(), step: 300,
    series: {
      requests: series(i => wave(i, 12, 180)), errors4xx: series(i => wave(i, 0.2, 4)), errors5xx: series(i => i > 200 && i < 206 ? 6 : 0),
      p50: series(i => wave(i, 0.8, 2.6)), p99: series(i => wave(i, 9, 48) + (i > 200 && i < 208 ? 160 : 0)), connections: series(i => wave(i, 80, 1450)), deliveries: series(i => wave(i, 30, 900)),
      calls: series(i => wave(i, 1, 22)), failures: series(i => i % 41 === 0 ? 0.4 : 0), storeBytes: series(i => 4.1e8 + i * 2.2e5), logBytes: series(i => 6e7 + (i % 96) * 2e5),
      memory: series(i => wave(i, 1.6e8, 3.1e8, 0.3)), cpu: series(i => wave(i, 0.04, 1.4)),
    },
    events: [
      { at: new Date(to - 190 * 300_000).toISOString(), kind: 'start', text: '0.6.0', node: 'web-1:8090' },
      { at: new Date(to - 85 * 300_000).toISOString(), kind: 'reloadFailed', text: 'hutch.yaml:12:3: <img src=x onerror=alert(1)> \u202Egnp.exe', node: 'web-2:8090' },
      { at: new Date(to - 80 * 300_000).toISOString(), kind: 'reload', text: '', node: 'web-2:8090' },
    ],
    nodes: ['web-1:8090', 'web-2:8090'],
  }
}

describe('the overview, in a browser', () => {
  let desk: Desk
  before(async () => {
    desk = await openDesk('dev')
  })
  after(() => desk?.close())

  it('has loaded at most 250 kB when it shows its numbers, in either language; plots and palette come after', async () => {
    for (const language of ['en', 'ko'] as const) {
      const page = await desk.open({ language })
      const loaded: { path: string; size: Promise<number> }[] = []
      page.on('requestfinished', r => {
        const { pathname: path } = new URL(r.url())
        if (loaded.some(l => l.path === path)) return // what is asked again is no part of the first load
        loaded.push({ path, size: r.sizes().then(s => s.responseBodySize) })
      })
      let counted = () => {}
      const after = new Promise<void>(done => {
        counted = done
      })
      await page.route(/\/assets\/Line\./, r => void after.then(() => r.continue())) // a plot that waits holds up nothing
      await page.goto(desk.url + '/_/overview')
      await page.waitForSelector('[data-plot=cpu] b')
      await page.waitForSelector('dd >> nth=0')
      const sizes = await Promise.all(loaded.map(async l => ({ ...l, size: await l.size })))
      const sum = (of: (path: string) => boolean) => sizes.filter(l => of(l.path)).reduce((n, l) => n + l.size, 0)
      const script = sum(p => p.endsWith('.js'))
      const style = sum(p => p.endsWith('.css'))
      const answers = sum(p => p.startsWith('/admin/'))
      const total = sum(() => true)
      console.log(`first load, ${language}: ${total} bytes in ${sizes.length} answers: scripts ${script}, styles ${style}, the API ${answers}`)
      assert.ok(script > 100_000 && style > 10_000 && answers > 100, 'all of it is counted')
      assert.ok(total <= 250_000, `${total} bytes`)
      assert.ok(sizes.length <= 45, `${sizes.length} requests: each costs a round trip`)
      assert.deepEqual(sizes.map(l => l.path).filter(p => /Line\.|Palette|Editor|Json|page-(?!overview)/.test(p)), [])
      counted()
      await page.waitForSelector('[data-plot=requests] .recharts-area-curve', { state: 'attached' }) // without requests it has no height
      await page.context().close()
    }
  })

  it('is calm when all is well, and shows what happens within seconds', async () => {
    const { page } = desk
    await desk.visit(page, '/overview')
    await page.waitForSelector('text=All is well')
    const load = setInterval(() => void fetch(desk.shop.url + '/data/v1/docs/products?limit=5').catch(() => {}), 100)
    try {
      await eventually('requests are measured', async () => Number((await shown(page, 'requests'))[0]) > 2)
    } finally {
      clearInterval(load)
    }
    assert.ok(Number((await shown(page, 'requests'))[2]) === 0, 'no 5xx')
    for (const [plot, unit] of [['memory', /MB$/], ['store', /[kM]B$/], ['latency', /ms$/], ['cpu', /%$/]] as const) assert.match((await shown(page, plot))[0] as string, unit)
    await page.waitForSelector('[data-plot=requests] .recharts-area-curve', { state: 'attached' })
    await axe(page)
    await keyboard(page)
  })

  it('says what needs me when a config does not take, and that it is over when it does', async () => {
    const { page } = desk
    const file = join(desk.shop.dir, 'hutch.yaml')
    const good = readFileSync(file, 'utf8')
    writeFileSync(file, good.replace('read: true', "read: nobody('<b>bold</b>')"))
    await page.waitForSelector('[data-status=error] >> text=The last change of the config did not take')
    await page.waitForSelector('text=Not reloaded')
    assert.equal(await page.locator('li b').count(), 0, 'what the config says is text')
    await desk.picture(page, 'overview-needs')
    await axe(page)
    writeFileSync(file, good)
    await page.waitForSelector('[data-status=ok]')
    await page.waitForSelector('text=/^Reload$/')
  })

  it('lists jobs that were given up, tries them again and deletes them by name', async () => {
    const page = await desk.open()
    const done: string[] = []
    const job = (id: string, reason: string) => ({ id, kind: 'mail.send', state: 'dead', at: new Date(Date.now() - 3_600_000).toISOString(), tries: 8, reason })
    await page.route(u => u.pathname.startsWith('/admin/v1/jobs'), async r => {
      const { pathname, searchParams } = new URL(r.request().url())
      if (r.request().method() === 'GET') return r.fulfill({ json: { jobs: searchParams.get('state') === 'dead' ? [job('j1', '550 <b>no such mailbox</b>'), job('j2', 'timeout')].filter(j => !done.some(d => d.includes(j.id))) : [], next: '' } })
      done.push(`${r.request().method()} ${pathname}`)
      return r.fulfill({ status: 204 })
    })
    await desk.visit(page, '/overview')
    await page.click('dl a') // the number of jobs
    await page.waitForURL(/jobs=waiting/)
    await page.waitForSelector('text=No job is waiting')
    await desk.visit(page, '/overview?jobs=dead')
    await page.waitForSelector('text=550 <b>no such mailbox</b>')
    await axe(page)
    await desk.picture(page, 'overview-jobs')
    await page.click('[data-job=j1] >> text=Try again')
    await page.waitForSelector('[data-job=j1]', { state: 'detached' })
    await page.click('[data-job=j2] >> text=Delete')
    const sure = page.getByRole('dialog', { name: 'Delete' })
    await sure.getByRole('textbox').fill('mail.send')
    await sure.getByRole('button', { name: 'Delete' }).click()
    await page.waitForSelector('text=No job was given up')
    assert.deepEqual(done, ['POST /admin/v1/jobs/j1/retry', 'DELETE /admin/v1/jobs/j2'])
    await page.context().close()
  })

  it('keeps range and node in the address', async () => {
    const page = await desk.open()
    await page.route(u => u.pathname === '/admin/v1/metrics', r => r.fulfill({ json: day() }))
    await desk.visit(page, '/overview')
    await page.click('text=24 hours')
    await page.waitForURL(/range=24h/)
    const asked = page.waitForRequest(r => r.url().includes('/admin/v1/metrics') && r.url().includes('node=web-2') && r.url().includes('range=24h'))
    await page.selectOption('select[aria-label="Node"]', 'web-2:8090')
    await asked
    await page.goBack()
    await page.waitForURL(u => u.searchParams.get('range') === '24h' && !u.searchParams.has('node'))
    await page.goBack()
    await page.waitForURL(u => !u.searchParams.has('range'))
    await desk.visit(page, '/overview?range=24h')
    assert.equal(await page.locator('input[type=radio]:checked').inputValue(), '24h')
    await page.context().close()
  })

  it('shows a busy day on a desk and on a phone, light and dark', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      for (const [kind, size] of [['desk', desktop], ['phone', phone]] as const) {
        const page = await desk.open({ scheme, size, ...(kind === 'phone' && scheme === 'dark' && { language: 'ko' as const }) })
        await page.route(u => u.pathname === '/admin/v1/metrics', r => r.fulfill({ json: day() }))
        await desk.visit(page, '/overview?range=24h')
        await page.locator('[data-plot=cpu]').scrollIntoViewIfNeeded() // plots come when they are near the window
        await page.waitForSelector('[data-plot=cpu] .recharts-area-curve', { state: 'attached' })
        await fits(page)
        await axe(page)
        await desk.picture(page, `overview-day-${kind}-${scheme}`)
        assert.equal(await page.locator('[data-plot]').count(), 8)
        assert.equal(await page.locator('img').count(), 0)
        await page.context().close()
      }
    }
  })

  it('tells a new app its first steps', async () => {
    const home = mkdtempSync(join(tmpdir(), 'hutch-empty-'))
    writeFileSync(join(home, 'hutch.yaml'), 'name: empty\n')
    const empty = await openDesk('serve', home)
    try {
      await empty.visit(empty.page, '/overview')
      await empty.page.waitForSelector('text=First steps')
      await empty.page.waitForSelector('text=publicUrl is not set')
      await settled(empty.page)
      await empty.picture(empty.page, 'overview-empty')
      await axe(empty.page)
      assert.deepEqual(empty.problems, [])
    } finally {
      await empty.close()
      rmSync(home, { recursive: true, force: true })
    }
  })

  it('had nothing to complain of', () => assert.deepEqual(desk.problems, []))
})
