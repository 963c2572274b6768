// Package e2e holds tests of the built binary as its users meet it: over HTTP
// and websockets (here) and in a browser (browser/).
package e2e
