// Initiate makes running mongod processes one replica set, waits until all
// serve and prints the set's URI: initiate HOST:PORT... Its elections are slow, as
// users' are: a busy machine starts none.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/hutch-dev/hutch/internal/mongotest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	uri, err := mongotest.Initiate(ctx, os.Args[1:], 10*time.Second)
	if err == nil {
		fmt.Fprintln(os.Stdout, uri)
	}
	return err
}
