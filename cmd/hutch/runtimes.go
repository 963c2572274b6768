package main

import "github.com/hutch-dev/hutch/internal/child"

// childHandlers is the work that child processes of this binary do.
func childHandlers() map[string]child.Handler { return map[string]child.Handler{} }
