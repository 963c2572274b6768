// Package bench measures Hutch. Go benchmarks of single parts stand beside the
// code (`go test -bench . ./data ./rules ...`); load/ drives the built binary and
// reports operations a second, latencies and the server's CPU an operation.
// RESULTS.md has what it gave, with machine, date and command.
package bench
