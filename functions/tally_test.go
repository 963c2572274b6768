package functions_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
)

// TestAFailureIsTheSameOnEveryPage: a run that met Hutch's own limit failed, whoever
// let the error through; one that says no on purpose is a refusal. Tallies (the
// overview and its plot), counts, filters and the log say so alike.
func TestAFailureIsTheSameOnEveryPage(t *testing.T) {
	for name, c := range map[string]struct {
		outcome functions.Outcome
		code    hutch.Code
		failed  bool
	}{
		"a limit":                {functions.OutcomeThrew, hutch.ResourceExhausted, true},
		"a fault":                {functions.OutcomeThrew, hutch.Internal, true},
		"a service that is away": {functions.OutcomeThrew, hutch.Unavailable, true},
		"its time":               {functions.OutcomeThrew, hutch.DeadlineExceeded, true},
		"another throw":          {functions.OutcomeError, hutch.Internal, true},
		"the deadline":           {functions.OutcomeTime, hutch.DeadlineExceeded, true},
		"a condition":            {functions.OutcomeThrew, hutch.FailedPrecondition, false},
		"a lack of rights":       {functions.OutcomeThrew, hutch.PermissionDenied, false},
		"nothing there":          {functions.OutcomeThrew, hutch.NotFound, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, []functions.Function{callFn("f")}, map[string]script{"f": func(context.Context, map[string]any, functions.Host) (any, error) {
				return nil, &hutch.Error{Code: c.code, Message: "no", Err: &functions.Failure{Outcome: c.outcome}}
			}}, keepRuns)
			for range 3 {
				if _, err := w.call(user("ann"), "f", "", ""); hutch.CodeOf(err) != c.code {
					t.Fatal(err)
				}
			}
			failed, refused, level := 0, 3, `"level":"INFO"`
			if c.failed {
				failed, refused, level = 3, 0, `"level":"ERROR"`
			}
			if got := w.fns.Tallies()["f"]; got.Calls != 3 || got.Failures != int64(failed) || got.InARow != int64(failed) {
				t.Errorf("tallies: %+v", got)
			}
			counts, err := w.runs.Counts(t.Context())
			if got := counts["f"].Hour; err != nil || got.OK != 0 || got.Failed != int64(failed) || got.Refused != int64(refused) || got.P50 == 0 {
				t.Errorf("counts: %+v, %v", got, err)
			}
			for filter, n := range map[string]int{"": 3, "ok": 0, "failed": failed, "refused": refused, string(c.outcome): 3} {
				runs := list(t, w.runs, functions.RunQuery{Outcome: filter})
				if len(runs) != n || n > 0 && runs[0].Failed != c.failed {
					t.Errorf("outcome=%s: %d runs, not %d", filter, len(runs), n)
				}
			}
			if !strings.Contains(w.log.String(), level) {
				t.Errorf("the log: %s", w.log)
			}
		})
	}
}

// TestARefusedCommitIsCounted: the code ended well, and what it wrote was refused.
func TestARefusedCommitIsCounted(t *testing.T) {
	w := open(t, []functions.Function{callFn("f", admin)}, map[string]script{"f": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
		_, err := h.DB(ctx, "admin.db.update", args(map[string]any{"in": "things", "id": "none", "doc": map[string]any{"n": 1}}))
		return nil, err
	}}, keepRuns)
	if _, err := w.call(user("ann"), "f", "", ""); hutch.CodeOf(err) != hutch.NotFound {
		t.Fatal(err)
	}
	if got := w.fns.Tallies()["f"]; got.Calls != 1 || got.Failures != 0 {
		t.Errorf("tallies: %+v", got)
	}
	if got := list(t, w.runs, functions.RunQuery{Outcome: "refused"}); len(got) != 1 || got[0].Outcome != functions.OutcomeRefused {
		t.Errorf("%+v", got)
	}
}
