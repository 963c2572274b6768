type Schema = Record<string, unknown>

const isSchema = (v: unknown): v is Schema => typeof v === 'object' && v !== null && !Array.isArray(v)
const list = (v: unknown): unknown[] => Array.isArray(v) ? v : []
const num = (v: unknown): number | undefined => typeof v === 'number' ? v : undefined

const formats: Record<string, string> = {
  email: 'ann@example.com', date: '2030-01-31', 'date-time': '2030-01-31T12:00:00Z', uuid: '00000000-0000-4000-8000-000000000000', uri: 'urn:example:a',
}

/** An input to begin with: what is required, as valid as the usual keywords tell. */
export const sample = (schema: unknown): unknown => of(schema, schema, 0)

function of(root: unknown, schema: unknown, depth: number): unknown {
  if (!isSchema(schema) || depth > 8) return null
  const s = whole(root, schema, depth)
  if (list(s.examples).length > 0) return list(s.examples)[0]
  if ('default' in s) return s.default
  if ('const' in s) return s.const
  if (list(s.enum).length > 0) return list(s.enum)[0]
  const type = Array.isArray(s.type) ? s.type.find(t => t !== 'null') : s.type ?? (isSchema(s.properties) ? 'object' : undefined)
  switch (type) {
    case 'object': return Object.fromEntries(list(s.required).map(name => [name, of(root, isSchema(s.properties) ? s.properties[String(name)] : undefined, depth + 1)]))
    case 'array': return Array.from({ length: Math.min(num(s.minItems) ?? 0, 20) }, () => of(root, s.items, depth + 1))
    case 'integer': return number(s, 1)
    case 'number': return number(s, 0)
    case 'boolean': return false
    case 'string': return formats[String(s.format)] ?? 'x'.repeat(Math.min(num(s.minLength) ?? 0, 1000))
    default: return null
  }
}

/** A schema with what it refers to. */
function whole(root: unknown, s: Schema, depth: number): Schema {
  const others = [...list(s.allOf)]
  if (typeof s.$ref === 'string' && s.$ref.startsWith('#')) others.push(pointer(root, s.$ref))
  return others.filter(isSchema).reduce((all: Schema, other) => {
    const o = depth > 8 ? other : whole(root, other, depth + 1)
    return {
      ...o, ...all, required: [...new Set([...list(o.required), ...list(all.required)])],
      ...(isSchema(o.properties) && { properties: { ...o.properties, ...(isSchema(all.properties) && all.properties) } }),
    }
  }, s)
}

function pointer(root: unknown, ref: string): unknown {
  let v = root
  for (const step of ref.slice(1).split('/').filter(Boolean)) v = isSchema(v) ? v[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
  return v
}

/** Zero, or the number next to it that is allowed; grain 1: a whole one. */
function number(s: Schema, grain: number): number {
  const step = num(s.multipleOf) ?? grain
  const above = num(s.exclusiveMinimum)
  const below = num(s.exclusiveMaximum)
  const low = Math.max(num(s.minimum) ?? -Infinity, above === undefined ? -Infinity : step > 0 ? Math.floor(above / step) * step + step : above)
  const high = Math.min(num(s.maximum) ?? Infinity, below === undefined ? Infinity : step > 0 ? Math.ceil(below / step) * step - step : below)
  if (low <= 0 && high >= 0 && above !== 0 && below !== 0) return 0
  if (step > 0) return low >= 0 ? Math.ceil(low / step) * step : Math.floor(high / step) * step
  if (Number.isFinite(low) && Number.isFinite(high)) return (low + high) / 2
  return Number.isFinite(low) ? low + (above === undefined ? 0 : 1) : high - (below === undefined ? 0 : 1)
}
