package quickjs

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed js/*.js
var preludeFiles embed.FS

// preludeSource is the prelude as one script: its files in the order of their
// names, as the body of one function.
func preludeSource() (string, error) {
	var b strings.Builder
	b.WriteString("(function (g) {'use strict';")
	names, err := fs.Glob(preludeFiles, "js/*.js")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		text, err := preludeFiles.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("reading the prelude: %w", err)
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	b.WriteString("})(globalThis)")
	return b.String(), nil
}
