// Command child is the child process of the tests.
package main

import (
	"os"

	"github.com/hutch-dev/hutch/functions/quickjs"
	"github.com/hutch-dev/hutch/internal/child"
)

func main() {
	code, ok := child.Main(quickjs.Handlers())
	if !ok {
		code = 2
	}
	os.Exit(code)
}
