import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { texts } from './texts-plugin.ts'
import { usedStyles } from './used-styles-plugin.ts'

const path = (p: string) => fileURLToPath(new URL(p, import.meta.url))

/** The files of src/pages/<name>/index.tsx are called page-<name>. */
function pageOf(module: string | null): string | undefined {
  const name = module && /\/src\/(?:pages\/)?([\w-]+)\/index\.tsx$/.exec(module)?.[1]
  return name ? 'page-' + name : undefined
}

// Names without hashes: dist is committed, and the server answers with ETags.
// What all pages need stands in few files; the rest loads with its page.
export default defineConfig({
  base: '/_/',
  plugins: [texts(), react(), usedStyles()],
  resolve: { alias: { '@hutch/client': path('../clients/js/src/index.ts') } },
  build: {
    target: 'es2023',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'], // light-dark() as it is: the color scheme is set from outside
    sourcemap: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      output: {
        entryFileNames: 'assets/[name].js',
        chunkFileNames: chunk => `assets/${pageOf(chunk.facadeModuleId) ?? '[name]'}.js`,
        assetFileNames: 'assets/[name][extname]',
        codeSplitting: {
          groups: [
            { name: 'react', priority: 2, test: /node_modules\/(react|react-dom|scheduler|wouter|use-sync-external-store|regexparam|mitt)\// },
            // What most pages share comes in one file: each request costs a round trip.
            { name: 'shared', priority: 1, minShareCount: 8, test: /node_modules\/(@mantine\/(core|hooks|notifications)|@tanstack|@tabler|@floating-ui|react-remove-scroll|clsx)|\/dashboard\/src\/(parts|api|shell|account)\// },
          ],
        },
      },
    },
  },
  test: { environment: 'jsdom', setupFiles: 'test/setup.ts', testTimeout: 60_000, hookTimeout: 60_000, include: ['test/**/*.test.{ts,tsx}', 'src/**/*.test.{ts,tsx}'] },
})
