// The certified OpenID provider of ../provider, and how a person without a browser signs in there.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root } from './shop.ts'

export interface Provider { issuer: string; stop(): void }

export async function openProvider(): Promise<Provider> {
  const cwd = join(root, 'internal/e2e/provider')
  if (!existsSync(join(cwd, 'node_modules/oidc-provider'))) execFileSync('npm', ['ci', '--silent', '--ignore-scripts'], { cwd })
  const child = spawn(process.execPath, ['provider.mjs'], { cwd, stdio: ['pipe', 'pipe', 'ignore'] })
  for await (const line of createInterface(child.stdout)) {
    const m = /^issuer (\S+)$/.exec(line)
    if (m?.[1]) return { issuer: m[1], stop: () => child.stdin.end() }
  }
  throw new Error('the provider did not start')
}

/** Follows an address through the provider's pages as a person called name, until it leads to another place than provider and server. */
export async function surf(at: string, name: string, end: (url: URL) => boolean): Promise<string> {
  const jar = new Map<string, Map<string, string>>()
  let body: URLSearchParams | undefined
  for (let step = 0; step < 20; step++) {
    const { origin } = new URL(at)
    const cookies = jar.get(origin) ?? new Map<string, string>()
    jar.set(origin, cookies)
    const res: Response = await fetch(at, {
      redirect: 'manual', headers: { cookie: [...cookies].map(([k, v]) => `${k}=${v}`).join('; ') }, ...(body && { method: 'POST', body }),
    })
    for (const c of res.headers.getSetCookie()) {
      const [, k = '', v = ''] = /^([^=]+)=([^;]*)/.exec(c) ?? []
      cookies.set(k, v)
    }
    const page = await res.text()
    const location = res.headers.get('location')
    body = undefined
    if (location) {
      const next = new URL(location, at)
      if (end(next)) return next.href
      at = next.href
      continue
    }
    const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1]
    const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1]
    if (!action || !prompt) throw new Error(`${at}: ${res.status} ${page}`)
    body = new URLSearchParams({ prompt, login: name, password: 'any' })
    at = new URL(action, at).href
  }
  throw new Error('goes in circles')
}
