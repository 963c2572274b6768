// The core with live queries is at most 12 kB gzip.
import { build } from 'esbuild'
import { gzipSync } from 'node:zlib'

const budget = 12_000
const out = await build({ entryPoints: ['src/index.ts'], bundle: true, minify: true, format: 'esm', target: 'es2022', write: false })
const size = gzipSync(out.outputFiles[0].contents, { level: 9 }).length
console.log(`core: ${size} bytes gzip of ${budget}`)
if (size > budget) process.exit(1)
