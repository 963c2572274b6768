import type { Answer, Transport } from './transport.ts'
import type { AppType, Batch, Collection, CollectionType, FindOptions, Guard, Live, New, Page, Patch, Query, Result, Row, SortKey, System, Where } from './types.ts'
import { HutchError } from './error.ts'
import { encode, uuid } from './values.ts'

/** What a query needs of its client. */
export interface Context {
  transport: Transport
  live(wire: WireQuery): Live<System[]>
  /** Resolves when live queries show what was written at this position. */
  seen(position: string | null): Promise<void>
}

/** The query as it goes over the wire; its text is its identity. */
export interface WireQuery {
  from: string
  where?: object
  orderBy?: [string, 'asc' | 'desc'][]
  limit?: number
  after?: string
  count?: boolean
}

export class QueryOf<T> implements Query<T> {
  protected readonly c: Context
  protected readonly wire: WireQuery

  constructor(c: Context, wire: WireQuery) {
    this.c = c
    this.wire = wire
  }

  where(w: Where<T>): Query<T> {
    const where = this.wire.where ? { $and: [this.wire.where, w] } : w
    return new QueryOf<T>(this.c, { ...this.wire, where })
  }

  orderBy(...keys: SortKey<T>[]): Query<T> {
    const orderBy = keys.map((k): [string, 'asc' | 'desc'] => k.startsWith('-') ? [k.slice(1), 'desc'] : [k, 'asc'])
    return new QueryOf<T>(this.c, { ...this.wire, orderBy })
  }

  limit(n: number): Query<T> {
    return new QueryOf<T>(this.c, { ...this.wire, limit: n })
  }

  async find(o: FindOptions = {}): Promise<Page<T>> {
    const body: WireQuery = { ...this.wire }
    if (o.after) body.after = o.after
    if (o.count) body.count = true
    const a = await this.c.transport.send({ method: 'POST', path: '/data/v1/query', body, safe: true, signal: o.signal })
    return a.body as Page<T>
  }

  async first(): Promise<T | null> {
    return (await this.limit(1).find()).docs[0] ?? null
  }

  async count(): Promise<number> {
    return (await this.limit(1).find({ count: true })).count ?? 0
  }

  live(): Live<T[]> {
    return this.c.live(this.wire) as unknown as Live<T[]>
  }
}

const system = ['_id', '_version', '_createdAt', '_updatedAt']

function fields(doc: object, keep: string[] = []): object {
  return Object.fromEntries(Object.entries(doc).filter(([k]) => !system.includes(k) || keep.includes(k)))
}

export class CollectionOf<C extends CollectionType> extends QueryOf<Row<C>> implements Collection<C> {
  async get(id: string): Promise<Row<C> | null> {
    try {
      return (await this.send('GET', id)).body as Row<C>
    } catch (e) {
      if (HutchError.is(e, 'not_found')) return null
      throw e
    }
  }

  doc(id: string): { live(): Live<Row<C> | null> } {
    return {
      live: () => {
        const rows = this.c.live({ from: this.wire.from, where: { _id: id }, limit: 1 }) as unknown as Live<Row<C>[]>
        return oneOf(rows)
      },
    }
  }

  async create(d: New<C>): Promise<Row<C>> {
    return this.write('POST', undefined, fields(d, ['_id']))
  }

  async set(id: string, d: New<C>, g?: Guard<Row<C>>): Promise<Row<C>> {
    return this.write('PUT', id, fields(d), g)
  }

  async update(id: string, p: Patch<C>, g?: Guard<Row<C>>): Promise<Row<C>> {
    return this.write('PATCH', id, fields(p), g)
  }

  async delete(id: string, g?: Guard<Row<C>>): Promise<void> {
    await this.write('DELETE', id, undefined, g)
  }

  private async write(method: string, id: string | undefined, body: object | undefined, g?: Guard<Row<C>>): Promise<Row<C>> {
    if (g && Object.keys(g).length > 0) { // guards go with a commit of one write
      const op = ({ PUT: 'set', PATCH: 'update', DELETE: 'delete' } as const)[method as 'PUT']
      const write = { op, in: this.wire.from, id, ...(body && { data: body }), ...g }
      const a = await this.c.transport.send({ method: 'POST', path: '/data/v1/commit', body: { writes: [write], docs: true }, key: uuid() }).catch(single)
      await this.c.seen(a.position)
      return (a.body as { results: { doc: Row<C> }[] }).results[0]?.doc as Row<C>
    }
    const a = await this.send(method, id, body, uuid())
    await this.c.seen(a.position)
    return a.body as Row<C>
  }

  private send(method: string, id: string | undefined, body?: object, key?: string): Promise<Answer> {
    const path = '/data/v1/docs/' + this.wire.from + (id === undefined ? '' : '/' + encodeURIComponent(id))
    return this.c.transport.send({ method, path, body, key })
  }
}

/** A commit of one write names fields as that write does. */
function single(e: unknown): never {
  if (HutchError.is(e) && e.field?.startsWith('writes[0]')) {
    const field = e.field.slice('writes[0]'.length).replace(/^\.(data\.)?/, '')
    throw new HutchError(e.code, e.message, { ...e, field: field || undefined })
  }
  throw e
}

function oneOf<T>(rows: Live<T[]>): Live<T | null> {
  let of: Result<T[]> | undefined
  let one: Result<T | null>
  const map = (r: Result<T[]>) => { // the same object for the same result
    if (r !== of) one = { ...r, data: r.data[0] ?? null }
    of = r
    return one
  }
  return {
    get current() {
      return map(rows.current)
    },
    subscribe: f => rows.subscribe(r => f(map(r))),
    get ready() {
      return rows.ready.then(d => d[0] ?? null)
    },
  }
}

export class BatchOf<A extends AppType> implements Batch<A> {
  private readonly c: Context
  private readonly writes: object[] = []

  constructor(c: Context) {
    this.c = c
  }

  create(c: string, d: object): this {
    const { _id, ...rest } = fields(d, ['_id']) as { _id?: string }
    return this.add({ op: 'create', in: c, ...(_id !== undefined && { id: _id }), data: rest })
  }

  set(c: string, id: string, d: object, g?: object): this {
    return this.add({ op: 'set', in: c, id, data: fields(d), ...g })
  }

  update(c: string, id: string, p: object, g?: object): this {
    return this.add({ op: 'update', in: c, id, data: fields(p), ...g })
  }

  delete(c: string, id: string, g?: object): this {
    return this.add({ op: 'delete', in: c, id, ...g })
  }

  async commit(): Promise<void> {
    const a = await this.c.transport.send({ method: 'POST', path: '/data/v1/commit', body: { writes: this.writes }, key: uuid() })
    await this.c.seen(a.position)
  }

  private add(write: object): this {
    this.writes.push(write)
    return this
  }
}

/** The identity of a query. */
export function textOf(wire: WireQuery): string {
  return encode([wire.from, wire.where ?? null, wire.orderBy ?? [], wire.limit ?? null])
}
