// Package client holds the sources of the JavaScript client, which the bundler
// resolves as @hutch/client and @hutch/client/functions.
package client

import "embed"

// Sources is the folder src.
//
//go:embed src/*.ts
var Sources embed.FS
