import type { Storage } from './types.ts'

const patienceMs = 40_000 // longer than any request

/** localStorage where there is one that works, else memory. */
export function defaultStorage(): Storage {
  try {
    const local = globalThis.localStorage
    const probe = 'hutch.probe'
    local.setItem(probe, '1')
    local.removeItem(probe)
    return {
      get: k => local.getItem(k),
      set: (k, v) => local.setItem(k, v),
      delete: k => local.removeItem(k),
    }
  } catch {
    const map = new Map<string, string>()
    return { get: k => map.get(k) ?? null, set: (k, v) => void map.set(k, v), delete: k => void map.delete(k) }
  }
}

/** Runs f while no other tab runs under the same name. Without Web Locks a lease in the storage does. */
export async function exclusively<T>(storage: Storage, name: string, f: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks
  if (locks) {
    let begun = false
    const run = () => {
      begun = true
      return f()
    }
    try {
      return await locks.request(name, { signal: AbortSignal.timeout(patienceMs) }, run) as T
    } catch (e) {
      if (begun) throw e
      return f() // whoever holds it sleeps
    }
  }
  const key = name + '.lease'
  const mine = Math.random().toString(36).slice(2)
  for (let i = 0; i < 50; i++) {
    const [owner, until] = String(await storage.get(key) ?? '').split(' ')
    if (!owner || Number(until) < Date.now()) {
      await storage.set(key, `${mine} ${Date.now() + 10_000}`)
      await new Promise(r => setTimeout(r, 20)) // another tab may have written at the same moment
      if (String(await storage.get(key)).startsWith(mine + ' ')) break
    }
    await new Promise(r => setTimeout(r, 100))
  }
  try {
    return await f()
  } finally {
    if (String(await storage.get(key)).startsWith(mine + ' ')) await storage.delete(key)
  }
}
