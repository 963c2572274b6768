// What a run may ask of the server. Each object is bound to its run: kept
// beyond it, it refuses, so that nothing acts for the next caller.

const waiting = new Map()
let lastAsk = 0
let current = null // the run

function alive(run) {
  if (run !== current || run.done) throw new HutchError('cancelled', 'the run that this belongs to has ended')
}

function hostError(text) {
  const e = parse(text)
  return new HutchError(e.code, e.message, e)
}

function answer(reply, key) {
  const v = decode(reply.slice(1))
  return key === '' ? v : v?.[key]
}

// ask gives a promise of one field of the answer ('' = all of it).
function ask(run, op, args, key) {
  return new Promise((resolve, reject) => {
    alive(run)
    const id = ++lastAsk
    native.send(id, op, text(args))
    waiting.set(id, { resolve, reject, key })
  })
}

// order does a write in its place.
function order(run, op, args, key) {
  alive(run)
  const reply = native.ask(op, text(args))
  if (reply.charCodeAt(0) !== 43) throw hostError(reply.slice(1))
  return answer(reply, key)
}

function text(args) {
  const t = encode(args)
  if (t.includes('null')) finite(args, '')
  return t
}

// settle takes the answer to an ask.
function settle(id, reply) {
  const w = waiting.get(id)
  if (w === undefined) return
  waiting.delete(id)
  if (reply.charCodeAt(0) === 43) w.resolve(answer(reply, w.key))
  else w.reject(hostError(reply.slice(1)))
}

class Db {
  #run
  #op
  constructor(run, prefix) {
    this.#run = run
    this.#op = prefix
  }
  get(coll, id, o) { return ask(this.#run, this.#op + 'get', { in: coll, id, track: o?.track, lock: o?.lock }, 'doc') }
  getMany(coll, ids, o) { return ask(this.#run, this.#op + 'getMany', { in: coll, ids, track: o?.track, lock: o?.lock }, 'docs') }
  find(coll, query, o) { return ask(this.#run, this.#op + 'find', { in: coll, query, track: o?.track }, '') }
  first(coll, query, o) { return ask(this.#run, this.#op + 'first', { in: coll, query, track: o?.track }, 'doc') }
  count(coll, query) { return ask(this.#run, this.#op + 'count', { in: coll, query }, 'count') }
  create(coll, doc, guard) { return order(this.#run, this.#op + 'create', { in: coll, doc, guard: guarded(guard) }, 'doc') }
  set(coll, id, doc, guard) { order(this.#run, this.#op + 'set', { in: coll, id, doc, guard: guarded(guard) }, '') }
  update(coll, id, doc, guard) { order(this.#run, this.#op + 'update', { in: coll, id, doc, guard: guarded(guard) }, '') }
  delete(coll, id, guard) { order(this.#run, this.#op + 'delete', { in: coll, id, guard: guarded(guard) }, '') }
}

// guarded lets `else` be a HutchError.
function guarded(guard) {
  if (guard?.else instanceof Error) {
    const { code, message, field, hint, details } = guard.else
    return { ...guard, else: { code, message, field, hint, details } }
  }
  return guard
}

// Auth is ctx.auth. A user is named by id or address.
class Auth {
  #run
  constructor(run) { this.#run = run }
  getUser(user) { return ask(this.#run, 'auth.getUser', { user }, 'value') }
  findUsers(query) { return ask(this.#run, 'auth.findUsers', { query }, 'value') }
  createUser(user) { return ask(this.#run, 'auth.createUser', { user }, 'value') }
  invite(email, o) { return ask(this.#run, 'auth.invite', { email, data: o?.data, redirectTo: o?.redirectTo }, 'value') }
  setRoles(user, roles) { return ask(this.#run, 'auth.setRoles', { user, roles }, 'value') }
  setClaims(user, claims) { return ask(this.#run, 'auth.setClaims', { user, claims }, 'value') }
  ban(user, until) { return ask(this.#run, 'auth.ban', { user, until }, 'value') }
  revoke(user) { return ask(this.#run, 'auth.revoke', { user }, 'none') }
}

class Context {
  #run
  #db
  #admin
  #auth
  #mail
  #signal
  constructor(run) { this.#run = run }
  get db() { return (this.#db ??= new Db(this.#run, 'db.')) }
  get admin() {
    if (!this.#run.admin) throw new Error('ctx.admin needs `admin: true` on this function in hutch.yaml')
    return (this.#admin ??= { db: new Db(this.#run, 'admin.db.') })
  }
  get auth() {
    if (!this.#run.admin) throw new Error('ctx.auth needs `admin: true` on this function in hutch.yaml')
    return (this.#auth ??= new Auth(this.#run))
  }
  get mail() {
    const run = this.#run
    return (this.#mail ??= { send: mail => ask(run, 'mail.send', { mail }, 'none') })
  }
  get log() { return log }
  // signal aborts a little before the deadline, so that code can still answer.
  get signal() {
    if (this.#signal === undefined) {
      const c = new AbortController()
      this.#signal = c.signal
      const left = this.remaining()
      if (left !== Infinity) {
        startTimer(() => c.abort(new HutchError('deadline_exceeded', 'the time of the run is over')), left - Math.min(50, left / 2), false, [])
      }
    }
    return this.#signal
  }
  remaining() { return this.#run.deadline === 0 ? Infinity : Math.max(0, this.#run.deadline - Date.now()) }
  call(name, data) { return ask(this.#run, 'call', { name, data }, 'data') }
}

const log = (...a) => say('info', a)
for (const level of ['debug', 'info', 'warn', 'error']) log[level] = (...a) => say(level, a)
