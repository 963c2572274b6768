import type { FlowType, Storage } from './types.ts'
import { challengeOf, newSecret } from './challenge.ts'
import { HutchError } from './error.ts'
import { exclusively } from './storage.ts'

const mark = 'hutch_flow' // names the flow in the address that it comes back to
const ours = [mark, 'code', 'error', 'error_code', 'error_description']
const kept = 8
const lifeMs = 3_600_000

/** What this client has to remember of a flow that it began. */
interface Flow {
  verifier: string
  type: FlowType
  at: number
  /** What stood behind # in the address: the server sends none back. */
  hash: string
  email?: string | undefined
}

/** What the server is told of a flow. */
export interface Begun {
  id: string
  redirect_to: string
  code_challenge: string
  code_challenge_method: 's256'
}

/** An address that a flow came back to. */
export interface Came { id: string; code?: string | undefined; error?: HutchError | undefined; clean: string }

/** The flows that this client began, in the storage: whoever has no verifier has no use for a code. */
export class Flows {
  private readonly storage: Storage
  private readonly key: string

  constructor(storage: Storage, key: string) {
    this.storage = storage
    this.key = key
  }

  /** Without a page and an address there is nothing to come back to: undefined. */
  async begin(type: FlowType, redirectTo?: string, email?: string, id = newSecret()): Promise<Begun | undefined> {
    const here = globalThis.location?.href
    const to = here ? new URL(redirectTo ?? here, here).href : redirectTo
    if (!to) return undefined
    const [base, pairs, hash] = apart(to)
    const verifier = newSecret()
    await this.change(all => {
      all[id] = { verifier, type, at: Date.now(), hash, email }
      for (const old of Object.keys(all).slice(0, -kept)) delete all[old]
    })
    return {
      id,
      redirect_to: plain(together(base, [...without(pairs), mark + '=' + id], '')),
      code_challenge: await challengeOf(verifier),
      code_challenge_method: 's256',
    }
  }

  /** Gives a flow once, or with more to come as often as it is asked for. */
  async take(id: string, more = false): Promise<Flow | undefined> {
    let flow: Flow | undefined
    await this.change(all => {
      flow = Object.hasOwn(all, id) ? all[id] : undefined
      if (!more) delete all[id]
    })
    return flow
  }

  /** The verifier of what an address confirms, if that began here. */
  async verifierOf(email: string): Promise<string | undefined> {
    return Object.values(await this.read()).findLast(f => (f.type === 'signup' || f.type === 'email_change') && f.email === email)?.verifier
  }

  private change(f: (all: Record<string, Flow>) => void): Promise<void> {
    return exclusively(this.storage, this.key, async () => {
      const all = await this.read()
      f(all)
      if (Object.keys(all).length > 0) await this.storage.set(this.key, JSON.stringify(all))
      else await this.storage.delete(this.key)
    })
  }

  private async read(): Promise<Record<string, Flow>> {
    try {
      const all = JSON.parse(String(await this.storage.get(this.key) ?? '{}')) as Record<string, Flow>
      return Object.fromEntries(Object.entries(all).filter(([, f]) => f.at + lifeMs > Date.now()))
    } catch {
      return {}
    }
  }
}

/** What an address says of a flow; null where it is none's. */
export function cameBack(url: string): Came | null {
  const [base, pairs, hash] = apart(url)
  const get = (name: string) => {
    const p = pairs.find(p => nameOf(p) === name)
    return p && text(p.slice(p.indexOf('=') + 1))
  }
  const id = get(mark)
  if (!id) return null
  const code = get('error_code') ?? get('error')
  return {
    id,
    code: get('code'),
    error: code ? new HutchError(code, get('error_description') ?? code) : undefined,
    clean: together(base, without(pairs), hash),
  }
}

/** An address in parts. By hand: phones know no URLSearchParams. */
function apart(url: string): [base: string, pairs: string[], hash: string] {
  const [rest = '', ...hash] = url.split('#')
  const [base = '', ...query] = rest.split('?')
  return [base, query.join('?').split('&').filter(Boolean), hash.length > 0 ? '#' + hash.join('#') : '']
}

function together(base: string, pairs: string[], hash: string): string {
  return base + (pairs.length > 0 ? '?' + pairs.join('&') : '') + hash
}

function without(pairs: string[]): string[] {
  return pairs.filter(p => !ours.includes(nameOf(p)))
}

function nameOf(pair: string): string {
  return text(pair.split('=')[0] as string)
}

function text(s: string): string {
  try {
    return decodeURIComponent(s.replace(/\+/g, ' '))
  } catch {
    return s
  }
}

/** A query string of what is not undefined. */
export function query(values: object): string {
  return Object.entries(values).filter(([, v]) => v !== undefined)
    .map(([k, v]) => encodeURIComponent(k) + '=' + encodeURIComponent(String(v))).join('&')
}

/** The server takes no characters that programs read in more than one way. */
function plain(url: string): string {
  return url.replace(/["<>\\^`{|}]|[^!-~]/g, encodeURIComponent)
}
