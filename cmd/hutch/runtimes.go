package main

import (
	"maps"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/functions/quickjs"
	"github.com/hutch-dev/hutch/internal/boot"
	"github.com/hutch-dev/hutch/internal/child"
)

// runtimes lists what runs functions.
func runtimes() []boot.Runtime {
	return []boot.Runtime{
		{Name: "js", Open: func(o boot.RuntimeOptions) (functions.Runtime, error) {
			return quickjs.New(quickjs.Options{Isolation: o.Isolation, Exe: o.Exe, Log: o.Log})
		}},
	}
}

// childHandlers is the work that child processes of this binary do.
func childHandlers() map[string]child.Handler {
	hs := map[string]child.Handler{auth.HashHandlerName: auth.HashHandler}
	maps.Copy(hs, quickjs.Handlers())
	return hs
}
