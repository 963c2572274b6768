import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { axe, fits, inert, keyboard, openDesk, phone, type Desk } from './dashboard.ts'
import { eventually } from './shop.ts'

const hostile = '<img src=x onerror=alert(1)>\u202egnp'

/** A client of the app: what it says in hello, and the queries that it follows. */
async function follow(url: string, hello: object, queries: object[]): Promise<WebSocket> {
  const s = new WebSocket(url.replace('http', 'ws') + '/realtime/v1', 'hutch.v1')
  const snaps = new Set<string>()
  let subbed = 0
  s.onmessage = e => {
    const f = JSON.parse(String(e.data)) as { t: string; q: string }
    if (f.t === 'welcome') s.send(JSON.stringify({ t: 'sub', subs: queries.map((query, id) => ({ id, query })) }))
    if (f.t === 'subbed') subbed++
    if (f.t === 'snap') snaps.add(f.q)
  }
  s.onopen = () => s.send(JSON.stringify({ t: 'hello', proto: 1, ...hello }))
  await eventually('all snapshots', () => subbed === queries.length && snaps.size > 0)
  return s
}

describe('the Live page, in a browser', () => {
  let desk: Desk
  let page: Page
  const clients: WebSocket[] = []
  let user = ''

  before(async () => {
    desk = await openDesk()
    page = desk.page
    const res = await fetch(desk.shop.url + '/auth/v1/signup', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'bob@shop.example', password: 'correct horse battery staple' }),
    })
    const session = await res.json() as { access_token: string; user: { id: string } }
    user = session.user.id
    const all = { from: 'products', limit: 20 }
    clients.push(await follow(desk.shop.url, { token: session.access_token, client: hostile }, [all, { from: 'orders', orderBy: [['_createdAt', 'desc']], limit: 10 }]))
    for (let i = 0; i < 12; i++) clients.push(await follow(desk.shop.url, { client: 'js/1.0.0' }, [all, { from: 'products', where: { species: ['cat', 'dog', 'bird'][i % 3] } }]))
  })
  after(async () => {
    for (const c of clients) c.close()
    await desk?.close()
  })

  it('shows connections, and what clients say of themselves is text', async () => {
    await desk.visit(page, '/live')
    const table = page.getByRole('grid', { name: 'Connections' })
    await table.getByText('bob@shop.example').waitFor()
    await eventually('13 connections', async () => /13/.test(await page.getByRole('tab', { name: /^Connections/ }).textContent() ?? ''))
    await inert(page)
    await desk.picture(page, 'live-connections')
    await page.getByPlaceholder('User, address, program').fill('bob')
    await eventually('one row', async () => await table.locator('.grid-row').count() === 1)
    await page.waitForURL(/search=bob/)
    await axe(page)
    await keyboard(page)
  })

  it('closes a connection once its name is typed, and the audit knows', async () => {
    const gone = new Promise<number>(done => clients[0]?.addEventListener('close', e => done(e.code)))
    await page.getByRole('button', { name: 'Close the connection of bob@shop.example' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox').fill('bob@shop.example')
    await dialog.getByRole('button', { name: 'Close the connection' }).click()
    assert.equal(await gone, 1001)
    await page.getByText('No connection is like that').waitFor()
    const { rows } = await desk.ask<{ rows: { event: string }[] }>('GET', '/admin/v1/audit')
    assert.ok(rows.some(r => r.event === 'live.close'), JSON.stringify(rows.map(r => r.event)))
  })

  it('shows what a connection follows, and who is in a group', async () => {
    await desk.visit(page, '/live?search=js')
    const table = page.getByRole('grid', { name: 'Connections' })
    await table.locator('.grid-row').first().getByText('guest').click()
    await page.waitForURL(/connection=/)
    const drawer = page.getByRole('dialog', { name: 'Connection' })
    await drawer.getByText('What it follows').waitFor()
    await eventually('two queries', async () => await drawer.getByText('current', { exact: true }).count() === 2)
    await drawer.getByText('{"limit":20}').waitFor()
    await axe(page)
    await desk.picture(page, 'live-connection')
    await drawer.getByRole('link', { name: 'The 12 clients of this group of products' }).click()
    await page.waitForURL(u => u.searchParams.has('group') && !u.searchParams.has('connection'))
    await eventually('12 rows', async () => await table.locator('.grid-row').count() === 12)
    desk.expect(404)
    await desk.visit(page, '/live?connection=none')
    await page.getByText('It is closed').waitFor()
  })

  it('shows groups, and opens the query of one in the console', async () => {
    await desk.visit(page, '/live?tab=groups')
    const table = page.getByRole('grid', { name: 'Groups' })
    await eventually('4 groups', async () => await table.locator('.grid-row').count() === 4)
    await eventually('the group of 12', async () => /12/.test(await table.locator('.grid-row').first().textContent() ?? ''))
    await desk.picture(page, 'live-groups')
    await axe(page)
    await table.locator('.grid-row').first().getByText('products').click()
    await page.waitForURL(/tab=console/)
    await page.getByRole('button', { name: 'Subscribe', exact: true }).waitFor()
    await eventually('the query', async () => /"limit": 20/.test(await page.locator('.cm-content').textContent() ?? ''))
  })

  it('follows a query as a user, and shows each frame', async () => {
    const query = encodeURIComponent(JSON.stringify({ from: 'products', orderBy: [['name', 'asc']], limit: 3 }))
    await desk.visit(page, `/live?tab=console&as=${user}&query=${query}`)
    await page.getByRole('button', { name: 'Subscribe', exact: true }).click()
    const frames = page.getByRole('list', { name: 'Frames' })
    await frames.getByRole('button', { name: /snap/ }).waitFor()
    assert.match(await frames.getByRole('button', { name: /welcome/ }).textContent() ?? '', new RegExp(user))
    await desk.ask('POST', '/data/v1/docs/products', { name: '!' + hostile, species: 'cat', price: 3, stock: 1, description: hostile })
    const delta = frames.getByRole('button', { name: /delta/ })
    await delta.waitFor()
    await delta.click()
    await frames.getByText('"op": "set"').waitFor()
    await inert(page)
    await desk.picture(page, 'live-console')
    await axe(page)
    await page.getByRole('tab', { name: /^Groups/ }).click()
    await page.getByRole('grid', { name: 'Groups' }).waitFor()
    await page.getByRole('tab', { name: 'Console' }).click()
    await page.getByText('"op": "set"').waitFor() // the frames stay, and the socket
    await page.getByText('live', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    const count = await frames.locator('li').count()
    await desk.ask('POST', '/data/v1/docs/products', { name: '!!', species: 'cat', price: 3, stock: 1, description: hostile })
    await page.getByRole('button', { name: 'Go on' }).click()
    await eventually('the frame that came meanwhile', async () => await frames.locator('li').count() > count)
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('ended', { exact: true }).waitFor()
    const { rows } = await desk.ask<{ rows: { event: string; target: string }[] }>('GET', '/admin/v1/audit')
    assert.ok(rows.some(r => r.event === 'live.console' && r.target === user))
  })

  it('says why a guest is refused', async () => {
    const query = encodeURIComponent(JSON.stringify({ from: 'orders' }))
    await desk.visit(page, `/live?tab=console&query=${query}`)
    await page.getByRole('button', { name: 'Subscribe', exact: true }).click()
    const frames = page.getByRole('list', { name: 'Frames' })
    await frames.getByRole('button', { name: /end/ }).waitFor()
    await page.getByRole('alert').waitFor()
  })

  it('fits a phone, in the dark and in Korean', async () => {
    const small = await desk.open({ size: phone, scheme: 'dark', language: 'ko' })
    for (const tab of ['', '?tab=groups', '?tab=console']) {
      await desk.visit(small, '/live' + tab)
      await small.locator('[role=tabpanel]:visible').waitFor()
      await fits(small)
      await axe(small)
      await desk.picture(small, 'live-phone' + tab.replace(/\W+/g, '-'))
    }
    assert.deepEqual(desk.problems, [])
  })
})
