// What few pages need: loaded when it is called.
import type { Device, Identity } from './types.ts'
import type { Wire } from './session.ts'

export async function identities(w: Wire): Promise<Identity[]> {
  const { identities } = await w.ask('GET', 'user') as { identities: Record<string, string>[] }
  return identities.map(i => ({
    id: i.identity_id!, provider: i.provider!, subject: i.id!, email: i.email || null, createdAt: new Date(i.created_at!),
  }))
}

export async function sessions(w: Wire): Promise<Device[]> {
  const { sessions } = await w.ask('GET', 'sessions') as { sessions: (Record<string, string> & { current: boolean })[] }
  return sessions.map(s => ({
    id: s.id!, userAgent: s.user_agent!, ip: s.ip!, createdAt: new Date(s.created_at!), lastUsedAt: new Date(s.refreshed_at!), current: s.current,
  }))
}
