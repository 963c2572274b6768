// Several nodes of one app behind a balancer of plain TCP.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { openShop, type Shop } from './shop.ts'

/** Serves the pet store by n nodes on a database of its own; process is the first node's, commands go to the last. */
export async function openNodes(n: number): Promise<Shop> {
  const uri = process.env.HUTCH_MONGO
  if (!uri) throw new Error('HUTCH_MONGO names a replica set; ./test.sh starts one')
  const backends: number[] = []
  let turn = 0
  const open = new Set<Socket>()
  const balancer = createServer(client => {
    open.add(client)
    client.on('close', () => open.delete(client))
    client.on('error', () => client.destroy())
    const to = (tries: number): void => {
      if (tries === 0) return void client.destroy()
      const up = connect(backends[turn++ % backends.length] as number, '127.0.0.1')
      let there = false
      up.on('connect', () => {
        there = true
        client.pipe(up).pipe(client)
      })
      up.on('error', () => there ? client.destroy() : to(tries - 1))
      up.on('close', () => there && client.destroy())
      client.on('close', () => up.destroy())
    }
    to(backends.length)
  })
  await new Promise<void>(done => balancer.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(balancer.address() as AddressInfo).port}`
  const [hosts, query] = uri.split('/?')
  const env = {
    HUTCH_STORE: `${hosts}/browser_${process.pid}_${Date.now()}?${query ?? ''}`,
    HUTCH_MASTER_KEY: 'ab'.repeat(32), HUTCH_PUBLIC_URL: url,
  }
  const nodes = await Promise.all(Array.from({ length: n }, () => openShop('serve', undefined, env)))
  for (const node of nodes) backends.push(Number(new URL(node.url).port))
  const last = nodes[n - 1] as Shop
  return {
    url, dir: last.dir, process: (nodes[0] as Shop).process, hutch: last.hutch, log: last.log,
    async stop() {
      for (const s of open) s.destroy()
      balancer.close()
      await Promise.all(nodes.map(node => node.stop()))
    },
  }
}
