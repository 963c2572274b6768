// The core with live queries is at most 12 kB gzip. What it loads on demand is counted by itself.
import { build } from 'esbuild'
import { gzipSync } from 'node:zlib'

const budget = 12_000
const out = await build({
  entryPoints: ['src/index.ts'], bundle: true, splitting: true, minify: true, format: 'esm', target: 'es2022', outdir: 'out', write: false, metafile: true,
})
const size = path => gzipSync(out.outputFiles.find(f => f.path.endsWith(path)).contents, { level: 9 }).length
const { outputs } = out.metafile

/** A file and what it cannot do without. */
function closure(path, seen = new Set()) {
  if (!seen.has(path)) {
    seen.add(path)
    for (const i of outputs[path].imports) if (i.kind === 'import-statement') closure(i.path, seen)
  }
  return seen
}

const core = closure('out/index.js')
const total = [...core].reduce((n, path) => n + size(path), 0)
for (const path of Object.keys(outputs).filter(p => !core.has(p))) console.log(`on demand: ${size(path)} bytes gzip, ${outputs[path].entryPoint ?? path}`)
console.log(`core: ${total} bytes gzip of ${budget}`)
if (total > budget) process.exit(1)
