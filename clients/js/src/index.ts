/** The client of Hutch: sign-in, documents under rules, live queries, functions. */
import type { AnyApp, AppType, Collection, Hutch, Options, User } from './types.ts'
import { AuthOf } from './auth.ts'
import { HutchError } from './error.ts'
import { LiveQueries } from './live.ts'
import { BatchOf, CollectionOf, type Context } from './query.ts'
import { Keeper } from './session.ts'
import { Socket } from './socket.ts'
import { defaultStorage } from './storage.ts'
import { Transport } from './transport.ts'
import { newId, uuid } from './values.ts'

export { HutchError } from './error.ts'
export type { Code, Reason } from './error.ts'
export type * from './types.ts'

/** A client of the server at url, by default the page's own origin. */
export function createClient<A extends AppType = AnyApp>(url?: string, o: Options = {}): Hutch<A> {
  const origin = url ?? globalThis.location?.origin
  if (!origin) throw new HutchError('invalid_argument', 'outside a page the client needs the url of the server')
  const transport = new Transport(origin, o.headers)
  const keeper = new Keeper(transport, o.storage ?? defaultStorage(), o.token !== undefined)
  const auth = new AuthOf(transport, keeper, o.token)
  const queries = new LiveQueries()
  let timer: ReturnType<typeof setTimeout> | undefined
  let closed = false

  // While the socket is open its token is kept fresh.
  const schedule = () => {
    clearTimeout(timer)
    const due = keeper.due
    if (closed || due === null || !socket.open) return
    timer = setTimeout(() => void auth.token().then(schedule, () => {
      timer = setTimeout(schedule, 5000)
    }), Math.min(Math.max(due, 1000), 2 ** 31 - 1))
    ;(timer as { unref?: () => void }).unref?.()
  }
  const socket = new Socket(transport.url, fresh => auth.token({ fresh: fresh ?? false }), {
    open: epoch => {
      queries.opened(epoch)
      schedule()
    },
    frame: f => queries.frame(f),
    closed: () => queries.closed(),
    refused: e => queries.refused(e),
  })
  queries.socket = socket
  transport.token = refused => auth.token(refused === undefined ? {} : { refused })
  transport.who = () => auth.user?.uid ?? null
  keeper.onToken = (token, user) => {
    queries.token(token, user?.uid ?? null, rightsOf(user))
    schedule()
  }
  void auth.ready.then(user => queries.token(null, user?.uid ?? null, rightsOf(user)))

  const context: Context = { transport, live: w => queries.live(w), seen: v => queries.seen(v) }
  return {
    auth,
    collection: name => new CollectionOf(context, { from: name }) as unknown as Collection<A['collections'][typeof name]>,
    batch: () => new BatchOf<A>(context),
    async call(name, data, c = {}) {
      const a = await transport.send({
        method: 'POST', path: '/functions/v1/' + encodeURIComponent(name), body: data, key: c.key ?? uuid(), signal: c.signal,
      })
      await queries.seen(a.position)
      return a.body as A['functions'][typeof name]['out']
    },
    async fetch(path, init = {}) {
      if (!path.startsWith('/') || path.startsWith('//') || path.includes('\\')) {
        throw new HutchError('invalid_argument', 'the path begins with one /', { field: 'path' })
      }
      const headers = new Headers(o.headers)
      new Headers(init.headers).forEach((value, name) => headers.set(name, value))
      const token = await auth.token()
      if (token && !headers.has('authorization')) headers.set('authorization', 'Bearer ' + token)
      const res = await fetch(transport.url + path, { ...init, headers }).catch(() => {
        throw init.signal?.aborted
          ? new HutchError('cancelled', 'the request was aborted')
          : new HutchError('unavailable', 'the server cannot be reached')
      })
      await queries.seen(res.headers.get('hutch-position'))
      return res
    },
    newId,
    close() {
      closed = true
      clearTimeout(timer)
      socket.unwant()
      keeper.close()
    },
  }
}

/** What rules may judge a user by, as text. */
function rightsOf(u: User | null): string {
  return JSON.stringify(u && [u.aal, u.roles, u.claims])
}
