import { petstore } from './petstore.ts'
import { openShop } from './shop.ts'

petstore('the pet store in a browser', openShop)
