// Package dashboard holds the operators' pages as they were built: an index.html
// and assets whose names do not change. The source is TypeScript beside it.
package dashboard

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// FS is the built dashboard; its root holds index.html.
func FS() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the path is fixed
	}
	return sub
}
