package boot

import (
	"context"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
)

// halted stands for a runtime that may not run: calls are unavailable.
type halted struct{ why error }

var _ functions.Runtime = (*halted)(nil)

type nothing struct{}

func (nothing) Release() {}

func (h *halted) Load(context.Context, functions.Bundle) (functions.Module, error) {
	return nothing{}, nil
}

func (h *halted) Invoke(context.Context, functions.Module, *functions.Call, functions.Host) (*functions.Result, error) {
	return nil, hutch.Errorf(hutch.Unavailable, "functions do not run on this server: %w", h.why)
}

func (h *halted) Stats() functions.Stats { return functions.Stats{Isolation: "none"} }

func (h *halted) Close() error { return nil }
