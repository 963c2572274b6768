// Written by `hutch types`; do not edit.
export interface App {
  collections: {
    orders: { doc: { user: string; product: string; quantity: number; total: number } }
    products: { doc: { name: string; species: 'dog' | 'cat' | 'bird' | 'fish' | 'reptile' | 'small'; price: number; stock: number; description: string } }
  }
  functions: {
    purchase: { in: { productId: string; quantity: number }; out: any }
  }
  providers: 'github' | 'google' | 'openid'
}
