// Package hutch holds the words that all rooms of Hutch share: error codes,
// the principal of a request, positions in config texts, secrets, the version.
// It imports the standard library only.
package hutch

// Version is the release of this binary; the build sets it with -ldflags.
var Version = "0.1.0-dev"
