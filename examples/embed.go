// Package examples holds apps that run as they are; `hutch init` copies them.
package examples

import (
	"embed"
	"io/fs"
)

// FS holds a folder for each template.
//
//go:embed empty petstore
var FS embed.FS

// Templates names the templates, the default first.
func Templates() []string {
	names := []string{"empty"}
	entries, err := fs.ReadDir(FS, ".")
	if err != nil {
		return names
	}
	for _, e := range entries {
		if e.IsDir() && e.Name() != names[0] {
			names = append(names, e.Name())
		}
	}
	return names
}
