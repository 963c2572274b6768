package boot

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// quiet leaves records below warnings out while a seed goes in: a line a
// document for each of its hooks tells nobody anything.
type quiet struct {
	slog.Handler
	on *atomic.Bool
}

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return (l >= slog.LevelWarn || !q.on.Load()) && q.Handler.Enabled(ctx, l)
}

func (q quiet) WithAttrs(as []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(as), q.on} }

func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name), q.on} }
