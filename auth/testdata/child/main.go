// The children of auth's tests.
package main

import (
	"os"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/internal/child"
)

func main() {
	code, _ := child.Main(map[string]child.Handler{auth.HashHandlerName: auth.HashHandler})
	os.Exit(code)
}
