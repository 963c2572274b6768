type Fields = Record<string, unknown>

export const changed = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b)

export const merge = {
  /** What the app keeps, without what is computed. */
  own: ({ roles: _r, provider: _p, providers: _s, ...rest }: Fields): Fields => rest,

  /** An object, or undefined for any other text. */
  parse(text: string): Fields | undefined {
    try {
      const v: unknown = JSON.parse(text)
      return v !== null && typeof v === 'object' && !Array.isArray(v) ? v as Fields : undefined
    } catch {
      return undefined
    }
  },

  /** What the server merges to make one into the other: null removes a name. */
  patch(from: Fields, to: Fields): Fields {
    const out: Fields = {}
    for (const name of Object.keys(from)) if (!(name in to)) out[name] = null
    for (const [name, v] of Object.entries(to)) if (changed(v, from[name])) out[name] = v
    return out
  },
}
