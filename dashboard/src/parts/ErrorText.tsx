import { apiError } from '../api/error.ts'
import { currentLanguage, known, t } from '../text.ts'
import { Plain } from './Plain.tsx'

/** What kind of thing went wrong, in the language in use; undefined for a code without a text. */
export function errorTitle(error: unknown): string | undefined {
  const key = `error.${apiError(error).code}`
  return known(key) ? t(key) : undefined
}

/**
 * What went wrong, in a line or two. The server speaks English: elsewhere the
 * text of the code comes first and the server's own words, which tell more, after it.
 */
export function ErrorText({ error, max = 600 }: { error: unknown; max?: number }) {
  const e = apiError(error)
  const words = <Plain text={[e.message, e.hint].filter(Boolean).join('. ')} wrap max={max} />
  const title = e.here || currentLanguage() === 'en' ? undefined : errorTitle(e)
  return title === undefined ? words : <>{title} <span lang="en" className="own-words">{words}</span></>
}
