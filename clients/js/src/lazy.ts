import { HutchError } from './error.ts'

/** An object of asynchronous methods that is loaded with the first call: pages that never call it do without. */
export function lazily<T extends object>(load: () => Promise<T>): T {
  let loaded: Promise<T> | undefined
  const get = () => loaded ??= load().catch(() => {
    loaded = undefined
    throw new HutchError('unavailable', 'a part of the client cannot be loaded')
  })
  return new Proxy({} as T, {
    get: (_, name) => typeof name === 'symbol' || name === 'then' ? undefined : async (...args: unknown[]) =>
      ((await get()) as Record<string, (...args: unknown[]) => unknown>)[name]?.(...args),
  })
}
