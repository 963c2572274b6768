import { Fragment, type ReactNode } from 'react'
import { parts, type Key } from '../text.ts'

/** A text with elements in the middle: <T k="data.deleted" values={{ name: <Plain text={name} /> }} />. */
export function T({ k, values = {} }: { k: Key; values?: Record<string, ReactNode> }) {
  return parts<ReactNode>(k, values).map((part, i) => <Fragment key={i}>{part}</Fragment>)
}
