// A running app for tests: the real binary on a folder of its own.
import { spawn, execFileSync, type ChildProcess } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const root = new URL('../../..', import.meta.url).pathname

export interface Shop {
  url: string
  dir: string
  process: ChildProcess
  /** Runs `hutch <args> <dir>` beside the server and gives its stdout. */
  hutch(...args: string[]): string
  /** What the server has written to stderr. */
  log(): string
  stop(): Promise<void>
}

function binary(): string {
  const path = process.env.HUTCH_BIN
  if (!path) throw new Error('HUTCH_BIN names the hutch to test; ./test.sh builds it')
  return path
}

/** Serves a copy of an app folder, by default the pet store, on a free port; env comes on top of the test's. */
export async function openShop(command: 'dev' | 'serve' = 'serve', from = join(root, 'examples/petstore'), env: Record<string, string> = {}): Promise<Shop> {
  const home = mkdtempSync(join(tmpdir(), 'hutch-shop-'))
  const dir = join(home, 'app')
  cpSync(from, dir, { recursive: true, filter: p => !p.includes('.hutch') })
  const yaml = join(dir, 'hutch.yaml')
  writeFileSync(yaml, readFileSync(yaml, 'utf8').replace(/^ +handler: functions\/check-pet\.ts$/m, '$&\n    timeout: 30s')) // each write runs it, and the machine may be busy
  const child = spawn(binary(), [command, dir, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } })
  let log = ''
  const url = await new Promise<string>((done, fail) => {
    child.stderr?.on('data', (b: Buffer) => {
      log += b
      const m = /^listening on (http:\/\/\S+)\n/m.exec(log) // the line is there in full
      if (m?.[1]) done(m[1])
    })
    child.on('exit', code => fail(new Error(`hutch ended with ${code}:\n${log}`)))
  })
  await eventually('ready', async () => (await fetch(url + '/readyz')).ok)
  return {
    url, dir, process: child, log: () => log,
    hutch: (...args) => execFileSync(binary(), [...args, dir], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    async stop() {
      child.removeAllListeners('exit')
      const gone = child.exitCode !== null || child.signalCode !== null ? undefined : new Promise(r => child.once('exit', r))
      child.kill('SIGTERM')
      await Promise.race([gone, new Promise(r => setTimeout(r, 15_000).unref())])
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** How long anything may take that comes at all: a busy machine is no failure. */
export const patience = 60_000

/** Waits for a condition; its failure is the error. */
export async function eventually(what: string, f: () => unknown, ms = patience): Promise<void> {
  const end = Date.now() + ms
  for (;;) {
    if (await f()) return
    if (Date.now() > end) throw new Error('never: ' + what)
    await new Promise(r => setTimeout(r, 50))
  }
}

let people = 0
export function newEmail(): string {
  return `person${++people}-${process.pid}@example.test`
}
export const password = 'correct horse battery'

/** Signs up over raw HTTP. */
export async function signUp(url: string, email = newEmail()): Promise<{ token: string; uid: string; email: string }> {
  const res = await fetch(url + '/auth/v1/signup', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email, password }),
  })
  const s = await res.json() as { access_token: string; user: { id: string } }
  if (!res.ok) throw new Error(JSON.stringify(s))
  return { token: s.access_token, uid: s.user.id, email }
}

/** fetch of what may be repeated: a kept connection may lead to a node that is gone. */
export async function refetch(url: string, init: RequestInit): Promise<Response> {
  for (let tries = 0; ; tries++) {
    try {
      return await fetch(url, init)
    } catch (e) {
      if (tries === 5) throw e
    }
  }
}
