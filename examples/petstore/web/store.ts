import { createClient, HutchError, type Row } from '@hutch/client'
import type { App } from '../hutch.d.ts'

export const hutch = createClient<App>()
export const products = hutch.collection('products')
export const orders = hutch.collection('orders')
export type Product = Row<App['collections']['products']>
export type Order = Row<App['collections']['orders']>
export type Species = Product['species']

export const species: Record<Species, string> = {
  dog: 'Dogs', cat: 'Cats', bird: 'Birds', fish: 'Fish', reptile: 'Reptiles', small: 'Small pets',
}

/** The cart lives in this browser; each line keeps its key, so that buying twice by accident buys once. */
export interface Line { id: string; name: string; species: Species; price: number; quantity: number; key: string }

const cartKey = 'petstore.cart'
const listeners = new Set<() => void>()
let lines: Line[] = load()

function load(): Line[] {
  try {
    const kept = JSON.parse(localStorage.getItem(cartKey) ?? '[]')
    return Array.isArray(kept) ? kept : []
  } catch {
    return []
  }
}

function save(next: Line[]): void {
  lines = next
  try {
    localStorage.setItem(cartKey, JSON.stringify(lines))
  } catch { /* a private window: the cart lives as long as the page */ }
  for (const f of listeners) f()
}

export const cart = {
  get lines(): readonly Line[] {
    return lines
  },
  get count(): number {
    return lines.reduce((n, l) => n + l.quantity, 0)
  },
  get total(): number {
    return lines.reduce((n, l) => n + l.quantity * l.price, 0)
  },
  add(p: Pick<Product, '_id' | 'name' | 'species' | 'price'>): void {
    const has = lines.find(l => l.id === p._id)
    if (has) return cart.quantity(p._id, has.quantity + 1)
    save([...lines, { id: p._id, name: p.name, species: p.species, price: p.price, quantity: 1, key: key() }])
  },
  quantity(id: string, n: number): void {
    if (n < 1) return save(lines.filter(l => l.id !== id))
    save(lines.map(l => l.id === id ? { ...l, quantity: Math.min(99, n), key: key() } : l))
  },
  remove(id: string): void {
    save(lines.filter(l => l.id !== id))
  },
  onChange(f: () => void): () => void {
    listeners.add(f)
    return () => listeners.delete(f)
  },
}

function key(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, '0')).join('')
}

/** What went wrong, in words for the shop's guests. */
export function words(e: unknown): string {
  if (!HutchError.is(e)) return 'Something went wrong.'
  switch (e.code) {
    case 'unauthenticated':
      return 'Please sign in first.'
    case 'permission_denied':
      return 'You may not do that.'
    case 'unavailable':
      return 'The shop cannot be reached right now.'
    case 'invalid_credentials':
      return 'E-mail or password is wrong, or you have not opened the link in our mail yet.'
    case 'otp_expired':
    case 'mfa_verification_failed':
      return 'The code is wrong, or too old.'
    case 'already_exists':
      return 'It is there already.'
    case 'webauthn_verification_failed':
    case 'webauthn_credential_not_found':
      return 'That passkey belongs to no account here.'
    case 'identity_already_exists':
      return 'That belongs to another account.'
    case 'reauthentication_needed':
      return 'Please sign in again first.'
    case 'over_email_send_rate_limit':
      return 'Too many mails. Try again later.'
    case 'user_already_exists':
      return 'That address has an account already.'
    case 'resource_exhausted':
    case 'over_request_rate_limit':
      return 'Too many tries. Wait a moment.'
  }
  return e.message.charAt(0).toUpperCase() + e.message.slice(1)
}
