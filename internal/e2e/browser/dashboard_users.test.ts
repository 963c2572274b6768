import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { axe, fits, inert, keyboard, openDesk, operator, phone, type Desk } from './dashboard.ts'
import { eventually, root } from './shop.ts'

const hostile = JSON.parse(readFileSync(join(root, 'internal/e2e/browser/hostile.json'), 'utf8')) as unknown

/** Every text in the list, whatever its shape. */
function payloads(of: unknown): string[] {
  if (typeof of === 'string') return [of]
  return of !== null && typeof of === 'object' ? Object.values(of).flatMap(payloads) : []
}

interface User { id: string; email: string }

describe('users', () => {
  let desk: Desk
  let cat: User
  before(async () => {
    desk = await openDesk('dev')
  })
  after(() => desk?.close())
  const row = (text: string) => `[role=row]:has-text("${text}")`

  it('says what to do where nobody has signed up', async () => {
    await desk.visit(desk.page, '/users')
    await desk.page.waitForSelector('text="Nobody has signed up yet"')
    await axe(desk.page)
  })

  it('makes an account', async () => {
    const { page } = desk
    await page.click('button:has-text("Create a user") >> nth=0')
    await page.fill('[role=dialog] input[type=email]', 'cat@shop.example')
    await page.fill('[role=dialog] input[type=password]', 'a sentence of my own')
    await page.click('[role=dialog] button[type=submit]')
    await page.waitForSelector('[role=dialog] >> text="cat@shop.example"')
    const { users } = await desk.ask<{ users: User[] }>('GET', '/admin/v1/auth/users')
    cat = users[0] as User
    assert.equal(users.length, 1)
    assert.equal(new URL(page.url()).searchParams.get('user'), cat.id, 'a link keeps who is open')
  })

  it('finds by address, part, status and role, and a link keeps the search', async () => {
    const { page } = desk
    for (let i = 0; i < 120; i++) await desk.ask('POST', '/admin/v1/auth/users', { email: `user${String(i).padStart(3, '0')}@shop.example`, email_confirm: i % 2 === 0, ...(i === 7 && { roles: ['keeper'] }) })
    await desk.visit(page, '/users?q=user11')
    await page.waitForSelector('text="10 users"')
    assert.equal(await page.inputValue('input[aria-label^="An address"]'), 'user11')
    await page.fill('input[aria-label^="An address"]', 'CAT@shop.example')
    await page.waitForSelector('text="1 user"')
    await desk.visit(page, '/users?role=keeper')
    await page.waitForSelector(row('user007'))
    await desk.visit(page, '/users?kind=unconfirmed')
    await page.waitForSelector('text="60 users"')
    await desk.visit(page, '/users?q=nobody')
    await page.waitForSelector('text="No user fits"')
  })

  it('shows a list that goes on, by keyboard', async () => {
    const { page } = desk
    await desk.visit(page, '/users')
    await page.waitForSelector('text="121 users"')
    await page.focus('[role=grid]')
    for (let i = 0; i < 8; i++) await page.keyboard.press('PageDown')
    await eventually('the last one', async () => { // each time more are there
      await page.keyboard.press('Control+End')
      return await page.locator(row('user119')).count() > 0
    })
    await page.waitForSelector('[role=grid][aria-rowcount="122"]')
    await axe(page)
    await fits(page)
    await keyboard(page)
    await desk.picture(page, 'users')
  })

  it('changes roles and metadata', async () => {
    const { page } = desk
    await desk.visit(page, `/users?user=${cat.id}&tab=data`)
    await page.waitForSelector('[role=dialog] .cm-content')
    await page.fill('[role=dialog] input[placeholder], [role=dialog] .mantine-TagsInput-inputField', 'keeper')
    await page.keyboard.press('Enter')
    await page.click('[role=dialog] button:has-text("Save")')
    await page.waitForSelector('text="Saved"')
    const u = await desk.ask<{ app_metadata: { roles: string[] } }>('GET', '/admin/v1/auth/users/' + cat.id)
    assert.deepEqual(u.app_metadata.roles, ['keeper'])
    await axe(page)
  })

  it('shows sessions, and ends them', async () => {
    const { page } = desk
    const res = await fetch(desk.shop.url + '/auth/v1/token?grant_type=password', {
      method: 'POST', headers: { 'content-type': 'application/json', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' },
      body: JSON.stringify({ email: 'cat@shop.example', password: 'a sentence of my own' }),
    })
    const session = await res.json() as { access_token: string }
    assert.equal(res.status, 200)
    await desk.visit(page, `/users?user=${cat.id}&tab=access`)
    await page.waitForSelector('[role=dialog] >> text="Firefox, Linux"')
    await axe(page)
    await desk.picture(page, 'user-access')
    await page.click('[role=dialog] button:has-text("End"):not(:has-text("all"))')
    await page.click('[role=dialog] button:has-text("End the session")')
    await page.waitForSelector('text="No session is open."')
    const after = await fetch(desk.shop.url + '/auth/v1/user', { headers: { authorization: 'Bearer ' + session.access_token } })
    assert.equal(after.status, 401)
  })

  it('acts as the user for a reason, once', async () => {
    const { page } = desk
    await desk.visit(page, '/users?user=' + cat.id)
    await page.click('button:has-text("Act as this user")')
    await page.fill('[role=dialog] input[maxlength="500"]', 'ticket 42')
    await page.click('button:has-text("Make the token")')
    const token = (await page.textContent('[role=dialog] pre >> nth=0'))?.trim()
    const res = await fetch(desk.shop.url + '/auth/v1/user', { headers: { authorization: 'Bearer ' + token } })
    assert.equal(res.status, 200)
    assert.equal((await res.json() as User).id, cat.id)
    await axe(page)
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+K') // above it all, and closed alone
    await page.fill('input[aria-label="Search pages and actions"]', 'x')
    await page.keyboard.press('Escape')
    await page.waitForSelector('input[aria-label="Search pages and actions"]', { state: 'detached' })
    assert.equal((await page.textContent('[role=dialog] pre >> nth=0'))?.trim(), token, 'Escape loses nothing that is shown once')
    await page.click('[role=dialog]:has(pre) button:has-text("Close")')
    await page.waitForSelector('[role=dialog] pre', { state: 'detached' })
    await page.keyboard.press('Escape')
    await page.waitForSelector('[role=dialog]', { state: 'detached' })
    await desk.visit(page, `/users?user=${cat.id}&tab=audit`)
    await page.waitForSelector('[role=dialog] >> text="impersonated"')
    await page.waitForSelector(`[role=dialog] >> text=/ticket 42 · by operator ${operator.email}/`)
    await page.waitForSelector('[role=dialog] >> text="user_created"')
    await desk.picture(page, 'user-audit')
  })

  it('bans and lifts', async () => {
    const { page } = desk
    await desk.visit(page, '/users?user=' + cat.id)
    await page.click('[role=dialog] button:has-text("Ban")')
    await page.click('[role=dialog] form button[type=submit]')
    await page.waitForSelector('[role=dialog] >> text="Banned"')
    await page.click('button:has-text("Lift the ban")')
    await page.waitForSelector('[role=dialog] >> text="Confirmed"')
  })

  const dialog = '[role=dialog]:has(form)'
  const once = async () => {
    const link = (await desk.page.textContent('[role=dialog] pre'))?.trim() as string
    assert.match(link, /\/auth\/v1\/verify\?/)
    await desk.page.click('[role=dialog]:has(pre) button >> text="Close"')
    return link
  }
  const signIn = async (email: string, password: string) => (await fetch(desk.shop.url + '/auth/v1/token?grant_type=password', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email, password }),
  })).status

  it('makes a link that lets the owner in', async () => {
    const { page } = desk
    await page.click('button:has-text("Make a link")')
    await page.waitForSelector('label:has-text("Recovery")')
    assert.equal(await page.locator('label:has-text("Invitation by a link")').count(), 0, 'an invitation is for who has proven nothing')
    await axe(page)
    await desk.picture(page, 'user-links')
    await page.click('button:has-text("Make the link")')
    await once()
  })

  it('invites, and confirms a sign-up, by a link to hand over', async () => {
    const { page } = desk
    await desk.visit(page, '/users')
    for (const [email, way, password] of [['dan@shop.example', 'Invitation by a link', ''], ['eli@shop.example', 'Sign-up', 'a sentence of my own']] as const) {
      await page.click('button >> text="Invite"')
      await page.fill(`${dialog} input[type=email]`, email)
      await page.click(`${dialog} label:has-text("${way}")`)
      if (password) await page.fill(`${dialog} input[type=password]`, password)
      await page.click(`${dialog} button[type=submit]`)
      await once()
      await page.waitForSelector(`[role=dialog] >> text="${email}"`)
      await page.click('[role=dialog] button[aria-label="Close"]')
    }
  })

  it('confirms an address, sets a password, changes the address', async () => {
    const { page } = desk
    const { users: [dan] } = await desk.ask<{ users: User[] }>('GET', '/admin/v1/auth/users?filter=dan%40shop.example')
    await desk.visit(page, '/users?user=' + dan?.id)
    await page.click('button:has-text("Confirm the address")')
    await page.click(`${dialog} button[type=submit]`)
    await page.waitForSelector('text="dan@shop.example counts as proven"')
    await page.waitForSelector('[role=dialog] >> text="Confirmed"')
    await page.click('button:has-text("Set a password")')
    await page.fill(`${dialog} input[type=password]`, 'dans own sentence')
    await axe(page)
    await page.click(`${dialog} button[type=submit]`)
    await page.waitForSelector('text="The password of dan@shop.example is set"')
    assert.equal(await signIn('dan@shop.example', 'dans own sentence'), 200)
    await page.click('button:has-text("Change the address")')
    await page.fill(`${dialog} input[type=email]`, 'cat@shop.example')
    desk.expect(422)
    await page.click(`${dialog} button[type=submit]`)
    await page.waitForSelector(`${dialog} [role=alert]`) // has an account
    await page.fill(`${dialog} input[type=email]`, 'daniel@shop.example')
    await page.click(`${dialog} label:has-text("counts as proven")`)
    await axe(page)
    await desk.picture(page, 'user-address')
    await page.click(`${dialog} button[type=submit]`)
    await page.waitForSelector('[role=dialog] >> text="daniel@shop.example"')
    assert.equal(await signIn('daniel@shop.example', 'dans own sentence'), 200)
    await page.click('button:has-text("Make a link")')
    await page.click(`${dialog} label:has-text("for the new one")`)
    await page.fill(`${dialog} input[type=email]`, 'dan@shop.example')
    await page.click(`${dialog} button[type=submit]`)
    await once()
  })

  it('erases who is typed, and says what goes', async () => {
    const { page } = desk
    await desk.visit(page, '/users?user=' + cat.id)
    await page.click('[role=dialog] button:has-text("Erase")')
    await page.waitForSelector('text=/goes for good/')
    const act = page.locator('form button[type=submit]:has-text("Erase")')
    assert.ok(await act.isDisabled())
    await page.fill('[role=dialog] form input', 'cat@shop.example')
    await act.click()
    await page.waitForSelector('text="cat@shop.example is erased"')
    desk.expect(404)
    await desk.visit(page, '/users?user=' + cat.id)
    await page.waitForSelector('[role=dialog] >> text="there is no such user"')
  })

  it('keeps what users say of themselves inert', async () => {
    const made = await desk.ask<User>('POST', '/admin/v1/auth/users', {
      email: 'evil@shop.example', user_metadata: { name: payloads(hostile).slice(0, 20).join(' ').slice(0, 2000), more: payloads(hostile).slice(0, 40).map(p => p.slice(0, 300)) },
    })
    for (const tab of ['profile', 'access', 'data', 'audit']) {
      await desk.visit(desk.page, `/users?q=evil%40shop.example&user=${made.id}&tab=${tab}`)
      await desk.page.waitForSelector('[role=dialog] [role=tabpanel]:visible')
      await inert(desk.page)
    }
  })

  it('fits a phone, in the dark, in Korean', async () => {
    const page = await desk.open({ size: phone, scheme: 'dark', language: 'ko' })
    await desk.visit(page, '/users')
    await page.waitForSelector(row('user000'))
    await fits(page)
    await axe(page)
    await desk.picture(page, 'users-phone-dark')
    await page.click(row('user000'))
    await page.waitForSelector('[role=dialog] >> text="이 사용자로 작업"')
    await fits(page)
    await axe(page)
    await desk.picture(page, 'user-phone-dark')
    await page.context().close()
  })

  it('has no problems in any window', () => assert.deepEqual(desk.problems, []))
})
