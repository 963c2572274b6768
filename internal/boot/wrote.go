package boot

import (
	"context"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

const wroteMost = 10 // collections of a commit that are told with their counts

// wrote is the row of the audit that goes with an operator's commit: its target
// are the collections, its details what was done to each.
func (a *App) wrote(ctx context.Context, p hutch.Principal, ws []data.Written) (data.Write, error) {
	names, details := make([]string, len(ws)), map[string]any{}
	for i, w := range ws {
		names[i] = w.Collection
		if i >= wroteMost {
			continue
		}
		of := map[string]any{}
		for op, n := range map[string]int{"created": w.Created, "updated": w.Updated, "deleted": w.Deleted} {
			if n > 0 {
				of[op] = n
			}
		}
		if len(w.IDs) > 0 {
			of["ids"] = w.IDs
		}
		details[w.Collection] = of
	}
	if more := len(ws) - wroteMost; more > 0 {
		details["and more"] = more // no name of a collection
	}
	return a.Auth.NoteRow(hutch.WithPrincipal(ctx, p), auth.Act{What: "documents_written", Target: strings.Join(names, ","), Details: details})
}
