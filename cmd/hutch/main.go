// Command hutch is a backend in one binary: sign-in, a document database under
// security rules, live queries, functions. A command is a file here, named as
// the command; stores.go and runtimes.go list what is plugged in.
//
// Results go to stdout, all else to stderr. Exit codes: 0 ok, 1 failure,
// 2 usage, 3 config, 4 check failed.
package main

import (
	"context"
	"os"

	"github.com/hutch-dev/hutch/internal/child"
)

func main() {
	if code, ok := child.Main(childHandlers()); ok {
		os.Exit(code)
	}
	os.Exit(run(context.Background(), &cli{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, lookup: os.LookupEnv,
	}, os.Args[1:]))
}
