export type Separator = ',' | ';' | '\t'
const separators: readonly Separator[] = [',', ';', '\t']

/** The first records of a table in text; what the end cuts off is none of them. */
export function records(text: string, separator: string, most: number, whole: boolean): string[][] {
  const out: string[][] = []
  let row: string[] = []
  let cell = ''
  let inside = false
  const end = () => {
    row.push(cell)
    cell = ''
  }
  for (let i = text.startsWith('\ufeff') ? 1 : 0; i < text.length && out.length < most; i++) {
    const c = text[i] as string
    if (inside) {
      if (c !== '"') cell += c
      else if (text[i + 1] === '"') cell += text[i++]
      else inside = false
    } else if (c === '"' && cell === '') inside = true
    else if (c === separator) end()
    else if (c === '\n') {
      end()
      if (row.length > 1 || row[0] !== '') out.push(row)
      row = []
    } else if (c !== '\r' || text[i + 1] !== '\n') cell += c
  }
  if (whole && out.length < most && (row.length > 0 || cell !== '')) out.push([...row, cell])
  return out
}

/** What stands between the cells: tabs in a .tsv, else what the first line has most of. */
export function separatorOf(name: string, text: string): Separator {
  if (/\.(tsv|tab)$/i.test(name)) return '\t'
  const cells = (s: Separator) => records(text, s, 1, true)[0]?.length ?? 0
  return separators.reduce((best, s) => cells(s) > cells(best) ? s : best)
}

/** A column of the file, and the field it becomes. */
export interface Mapped {
  header: string
  samples: string[]
  field: string
  /** As the server names them; auto is the schema's, else guessed; skip leaves the column out. */
  type: string
}

export const columnTypes = ['auto', 'string', 'number', 'boolean', 'date', 'decimal', 'long', 'objectId', 'binary', 'json', 'skip'] as const
const settable = ['_id', '_createdAt', '_updatedAt']

const isPath = (path: string): boolean => path.split('.').every(Boolean) && (!path.startsWith('_') || settable.includes(path))

/** Columns become the fields of their names, however these are written; what can be no field is left out. */
export function mapping(rows: readonly string[][], fields: readonly string[]): Mapped[] {
  return (rows[0] ?? []).map((cell, i) => {
    const header = cell.trim()
    const field = fields.find(f => f === header) ?? fields.find(f => f.toLowerCase() === header.toLowerCase()) ?? header
    return { header, samples: rows.slice(1).map(r => r[i] ?? '').filter(Boolean), field, type: isPath(field) ? 'auto' : 'skip' }
  })
}

/** Columns that cannot stay as they are: no field, or one that another column is, too. */
export function clashes(list: readonly Mapped[]): Set<number> {
  const used = list.map((m, i) => ({ i, path: m.field.trim(), skip: m.type === 'skip' })).filter(m => !m.skip)
  const same = (a: string, b: string) => a === b || a.startsWith(b + '.') || b.startsWith(a + '.')
  return new Set(used.filter(m => !isPath(m.path) || used.some(o => o.i !== m.i && same(o.path, m.path))).map(m => m.i))
}

/** What the server is told of the columns. Those left out get a name that nothing else has. */
export function told(list: readonly Mapped[]): { columns: string[]; types: Record<string, string> } {
  const columns = list.map((m, i) => m.type === 'skip' ? `#${i + 1}` : m.field.trim())
  const types = list.flatMap((m, i): [string, string][] => m.type === 'auto' ? [] : [[columns[i] as string, m.type]])
  return { columns, types: Object.fromEntries(types) }
}
