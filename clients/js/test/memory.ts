import type { Storage } from '../src/index.ts'

/** A storage of its own: two clients in one process are two browsers. */
export function memory(): Storage {
  const m = new Map<string, string>()
  return { get: k => m.get(k), set: (k, v) => void m.set(k, v), delete: k => void m.delete(k) }
}
