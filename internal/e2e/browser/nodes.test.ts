// The pet store on two nodes over one MongoDB replica set, behind plain TCP.
import { petstore } from './petstore.ts'
import { openNodes } from './nodes.ts'

petstore('the pet store on two nodes', () => openNodes(2))
petstore('the pet store on two nodes, one of which dies', () => openNodes(2), async shop => {
  shop.process.kill('SIGKILL')
})
