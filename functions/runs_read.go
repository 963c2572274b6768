package functions

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// RunQuery says which runs; zero fields leave it open.
type RunQuery struct {
	Function     string
	Outcome      string // an Outcome, "failed" as Run.Failed, or "refused": neither failed nor ok
	User         string // whose caller
	RequestID    string
	Text         string // in console lines, errors, names and ids, whatever the case
	Since, Until time.Time
	After        string
	Limit        int             // [100]
	Match        func(*Run) bool // nil: all
	// Skips says, with Match, whether runs that ended so (ok, refused, failed) count as
	// skipped; nil: none.
	Skips func(ended string) bool
}

// RunPage is a part of the runs, the newest first. Dropped counts runs that are
// missing as the store was slow, Skipped those for which their second had no room, as
// far as function and ending tell that they were asked for: 0 where a query looks for more.
type RunPage struct {
	Runs    []*Run
	Next    string
	Partial bool // a bound of the search was met
	Dropped int64
	Skipped int64
}

// What RunQuery.Outcome takes besides an Outcome.
const (
	onlyFailed  = "failed"
	onlyRefused = "refused"
)

func (q *RunQuery) marks() (marks []string) {
	add := func(kind, v string) {
		if v != "" {
			marks = append(marks, kind+":"+v)
		}
	}
	add("fn", q.Function)
	add("user", q.User)
	add("request", q.RequestID)
	switch q.Outcome {
	case onlyFailed, onlyRefused:
		add("failed", "yes")
	default:
		add("outcome", q.Outcome)
	}
	return marks
}

// skips reports whether runs of a class, "ended function", are asked for.
func (q *RunQuery) skips(class string) bool {
	how, function, _ := strings.Cut(class, " ")
	if q.User != "" || q.RequestID != "" || q.Text != "" || q.Function != "" && q.Function != function || q.Match != nil && (q.Skips == nil || !q.Skips(how)) {
		return false
	}
	return q.Outcome == "" || q.Outcome == how
}

// matches reports whether a run is one of those.
func (q *RunQuery) matches(k *Run) bool {
	switch {
	case q.Function != "" && k.Function != q.Function, q.User != "" && k.Caller.UID != q.User, q.RequestID != "" && k.RequestID != q.RequestID:
		return false
	}
	switch q.Outcome {
	case "":
	case onlyFailed:
		if !k.Failed {
			return false
		}
	case onlyRefused:
		if k.Failed || k.OK() {
			return false
		}
	default:
		if string(k.Outcome) != q.Outcome {
			return false
		}
	}
	if q.Match != nil && !q.Match(k) {
		return false
	}
	return q.Text == "" || k.Contains(strings.ToLower(q.Text))
}

// Contains reports whether a text in lower case stands in the run.
func (r *Run) Contains(lower string) bool {
	for _, s := range []string{r.ID, r.Function, r.Error, string(r.Code), r.RequestID} {
		if strings.Contains(strings.ToLower(s), lower) {
			return true
		}
	}
	for i := range r.Console {
		if strings.Contains(strings.ToLower(r.Console[i].Text), lower) {
			return true
		}
	}
	return false
}

// readRun reads an entry; nil for one of another shape.
func readRun(e *data.Entry) *Run {
	k := &Run{}
	if json.Unmarshal(e.Body, k) != nil {
		return nil
	}
	k.At, k.Node, k.entry = e.At, e.Node, e.ID
	k.Failed = k.Outcome.Failed(k.Code)
	return k
}

// List gives runs, without what they got and gave.
func (rs *Runs) List(ctx context.Context, q RunQuery) (*RunPage, error) {
	page := &RunPage{Runs: []*Run{}}
	found := map[string]*Run{} // by entry: what Match has read
	p, err := rs.o.Runs.Read(ctx, data.JournalQuery{
		Since: q.Since, Until: q.Until, After: q.After, Limit: q.Limit, Marks: q.marks(),
		Skips: q.skips,
		Match: func(e *data.Entry) bool {
			k := readRun(e)
			if k == nil || !q.matches(k) {
				return false
			}
			found[e.ID] = k
			return true
		},
	})
	if err != nil {
		return nil, err
	}
	for i := range p.Entries {
		page.Runs = append(page.Runs, found[p.Entries[i].ID])
	}
	page.Next, page.Partial, page.Dropped, page.Skipped = p.Next, p.Partial, p.Dropped, p.Skipped
	return page, nil
}

// One gives a run, with what it got and gave where full; at, if it is known,
// spares the search. not_found; deadline_exceeded where the search met its bound.
func (rs *Runs) One(ctx context.Context, id string, at time.Time, full bool) (*Run, error) {
	q := data.JournalQuery{Marks: []string{"run:" + id}, Limit: 1, Time: rs.o.Look}
	if !at.IsZero() {
		q.Since, q.Until = at.Add(-time.Second), at.Add(time.Second)
	}
	var k *Run
	q.Match = func(e *data.Entry) bool {
		if r := readRun(e); r != nil && r.ID == id {
			k = r
		}
		return k != nil
	}
	p, err := rs.o.Runs.Read(ctx, q)
	switch {
	case err != nil:
		return nil, err
	case k == nil && p.Partial:
		return nil, hutch.Errorf(hutch.DeadlineExceeded, "the run was not found among the newest").WithHint("give at, the time when it ended")
	case k == nil:
		return nil, hutch.Errorf(hutch.NotFound, "no such run is kept")
	}
	if full && k.Kept && rs.o.Now().Sub(k.At) < rs.o.InputsLife {
		k.Payload, err = rs.payload(ctx, k)
	}
	return k, err
}

func (rs *Runs) payload(ctx context.Context, k *Run) (*RunPayload, error) {
	var p *RunPayload
	_, err := rs.o.Inputs.Read(ctx, data.JournalQuery{
		Since: k.At.Add(-5 * time.Second), Until: k.At.Add(5 * time.Second), Marks: []string{"run:" + k.ID}, Limit: 1,
		Match: func(e *data.Entry) bool {
			var v struct {
				ID string `json:"id"`
				RunPayload
			}
			if json.Unmarshal(e.Body, &v) == nil && v.ID == k.ID {
				p = &v.RunPayload
			}
			return p != nil
		},
	})
	return p, err
}

// Follow gives the runs behind a cursor of Follow, the oldest first; see
// data.Journal.Follow. It does not wait: Changed tells of this node's next ones.
func (rs *Runs) Follow(ctx context.Context, cursor string, limit int, q RunQuery) (runs []*Run, next string, err error) {
	_, next, err = rs.o.Runs.Follow(ctx, cursor, limit, func(e *data.Entry) bool {
		k := readRun(e)
		if k == nil || !q.matches(k) {
			return false
		}
		runs = append(runs, k)
		return true
	})
	return runs, next, err
}

// Changed is closed when this node has stored further runs.
func (rs *Runs) Changed() <-chan struct{} { return rs.o.Runs.Changed() }

// Size is what is stored of runs.
func (rs *Runs) Size(ctx context.Context) (data.JournalSize, error) { return rs.o.Runs.Size(ctx) }
