/** Widths of columns, as a person dragged them in this browser. */
export function readWidths(name: string | undefined): Record<string, number> {
  if (!name) return {}
  try {
    const stored = JSON.parse(localStorage.getItem('hutch.widths.' + name) ?? '{}') as Record<string, unknown>
    return Object.fromEntries(Object.entries(stored).filter((e): e is [string, number] => typeof e[1] === 'number'))
  } catch {
    return {}
  }
}

export function writeWidths(name: string | undefined, widths: Record<string, number>): void {
  if (name && Object.keys(widths).length > 0) localStorage.setItem('hutch.widths.' + name, JSON.stringify(widths))
}
