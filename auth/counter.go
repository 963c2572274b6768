package auth

import (
	"context"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// Counter counts tries, on all nodes together. Its errors refuse the try: limits
// fail closed.
type Counter interface {
	// Count counts one under each key, or under none: then it gives how long to
	// wait. counted says under which.
	Count(ctx context.Context, cs ...data.Count) (counted []bool, wait time.Duration, err error)
	// Settle takes one back under each key of undo, all under those of forget.
	Settle(ctx context.Context, undo, forget []string) error
}

var _ Counter = (*data.Counter)(nil)
