interface Props {
  text: string
  /** Over many lines; else it is cut at the end of the line. */
  wrap?: boolean
  mono?: boolean
  /** Characters shown at most; the rest is not in the page at all. */
  max?: number
}

/** Text that a person or a program outside wrote: its direction stays inside, its length is bounded. */
export function Plain({ text, wrap = false, mono = false, max = wrap ? 10_000 : 300 }: Props) {
  const long = text.length > max
  const shown = long ? cut(text, max) + '…' : text
  return (
    <bdi className={mono ? 'plain mono' : 'plain'} data-wrap={wrap || undefined} title={wrap ? undefined : cut(text, 1000)}>
      {shown}
    </bdi>
  )
}

/** No half of a surrogate pair at the end. */
function cut(text: string, max: number): string {
  return text.slice(0, max).replace(/[\ud800-\udbff]$/, '')
}
