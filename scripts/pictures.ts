// Run by pictures.sh.
import { join } from 'node:path'
import { openDesk, phone, type Desk } from '../internal/e2e/browser/dashboard.ts'
import { root, signUp } from '../internal/e2e/browser/shop.ts'

interface Row { id: string; path: string }
const { pages } = await import(String(join(root, 'dashboard/src/pages.ts'))) as { pages: Row[] }

/** What stands in the address beside the page's path, where that shows more. */
const views: Record<string, string> = { data: '?in=products', functions: '?fn=purchase' }

const desk = await openDesk('dev')
try {
  await live(desk)
  for (const { id, path } of pages) {
    for (const scheme of ['light', 'dark'] as const) {
      if (scheme === 'dark' && id !== pages[0]?.id && id !== 'data') continue
      const page = await desk.open({ scheme, size: { width: 1280, height: 800 } })
      await desk.visit(page, path + (views[id] ?? ''))
      await page.waitForTimeout(1500) // plots and highlights come to rest
      await desk.picture(page, `dashboard-${id}${scheme === 'dark' ? '-dark' : ''}`)
      await page.context().close()
    }
  }
  const small = await desk.open({ size: phone })
  await desk.visit(small, (pages[0]?.path ?? '/account'))
  await small.waitForTimeout(1500)
  await desk.picture(small, 'dashboard-phone')
} finally {
  await desk.close()
}

/** People sign up, buy, search and make mistakes, for so many minutes (PICTURES_MINUTES): what the plots show has happened. */
async function live({ shop: { url } }: Desk): Promise<void> {
  const minutes = Number(process.env.PICTURES_MINUTES ?? 6)
  const { docs } = await (await fetch(url + '/data/v1/docs/products?limit=60')).json() as { docs: { _id: string }[] }
  for (let person = 0; person < minutes * 10; person++) {
    await new Promise(r => setTimeout(r, 3000 + Math.random() * 4000))
    const { token } = await signUp(url)
    const buy = (productId: string) => fetch(url + '/functions/v1/purchase', {
      method: 'POST', body: JSON.stringify({ productId, quantity: 1 + person % 3 }),
      headers: { 'content-type': 'application/json', authorization: 'Bearer ' + token, 'idempotency-key': crypto.randomUUID() },
    })
    for (let i = 0; i < 6; i++) {
      await buy((docs[(person * 7 + i * 5) % docs.length] as { _id: string })._id)
      await fetch(`${url}/api/search?q=${['gecko', 'cat', 'parrot', 'fish'][i % 4]}`)
      await fetch(`${url}/data/v1/docs/products?limit=20&orderBy=-price`)
    }
    if (person % 5 === 0) await buy('no-such-pet')
  }
}
