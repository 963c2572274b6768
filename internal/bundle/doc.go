// Package bundle turns an app's TypeScript into what runs: Function makes one
// script of a function's handler, Page one module of a page's entry. It is
// esbuild with a resolver of our own.
//
// Guarantees: only files below the app's folder are read (a page's: only its own
// folders and node_modules), through os.Root, so no symlink leads out; names
// with a leading dot are refused. No environment is inlined but the PUBLIC_
// variables given for a page; no plugin and no tsconfig.json is used.
// @hutch/client comes from the binary.
//
// Limits: files of 16 MiB, 64 MiB in all.
package bundle
