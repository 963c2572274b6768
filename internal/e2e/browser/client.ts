import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const room = new URL('../../../clients/js/', import.meta.url)

/** The client in one script, as a global of the page: for what the pet store has no button for. */
export async function bundledClient(): Promise<string> {
  const { build } = createRequire(new URL('package.json', room))('esbuild')
  const out = await build({
    entryPoints: [fileURLToPath(new URL('src/index.ts', room))],
    bundle: true, write: false, format: 'iife', globalName: 'client', target: 'es2022',
  })
  return out.outputFiles[0].text
}
