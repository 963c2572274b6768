package quickjs

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"modernc.org/quickjs"

	"github.com/hutch-dev/hutch/internal/child"
)

// run is one call in the child.
type run struct {
	call    *child.Call
	replies chan reply
	end     chan struct{} // closed when the run is over
	tail    chan struct{} // closed when the last database operation has its answer
	calls   chan struct{} // slots of ctx.call
	open    int           // answers to come
	timer   *time.Timer
	timed   bool // the timer is set
	done    bool
	result  string
	lines   int
	bytes   int
}

type reply struct {
	id   int
	body string
}

// maxOpen is how many requests of a run may wait for their answers; most of
// them wait in the child.
const maxOpen = 1000

func newRun(c *child.Call) *run {
	none := make(chan struct{})
	close(none)
	return &run{
		call: c, replies: make(chan reply), end: make(chan struct{}), tail: none,
		calls: make(chan struct{}, child.MaxHostCalls/2), timer: time.NewTimer(time.Hour),
	}
}

func (r *run) close() {
	close(r.end)
	r.timer.Stop()
}

// arm gives the VM its own clock before each entry: it looks at it in its own
// turn, where an interrupt would have to wait until other VMs let it through.
func (r *run) arm(q *quickjs.VM) {
	var d time.Duration
	if !r.call.Deadline.IsZero() {
		d = max(time.Millisecond, time.Until(r.call.Deadline))
	}
	_ = q.SetEvalTimeout(d)
}

// watch interrupts the VM once the call is to end, again and again, as an
// interrupt between two entries is lost. stop ends it.
func (r *run) watch(q *quickjs.VM) (stop func()) {
	ended := make(chan struct{})
	cancel := context.AfterFunc(r.call.Ctx, func() {
		for {
			q.Interrupt()
			select {
			case <-ended:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	})
	return func() {
		close(ended)
		cancel()
	}
}

// over reports whether the run's time is up.
func (r *run) over() bool {
	return r.call.Ctx.Err() != nil || (!r.call.Deadline.IsZero() && !time.Now().Before(r.call.Deadline))
}

func (r *run) deadlineMs() int64 {
	if r.call.Deadline.IsZero() {
		return 0
	}
	return r.call.Deadline.UnixMilli()
}

func (r *run) finish(result string) {
	if !r.done {
		r.done, r.result = true, result
	}
}

// outcome is what the prelude said.
func (r *run) outcome() outcome {
	if r.result == "" {
		return outcome{tag: tagThrow, body: `{"text":"the run was broken"}`, spoiled: true}
	}
	o := outcome{tag: r.result[0], body: r.result[1:]}
	switch o.tag {
	case tagValue, tagResponse:
		if len(o.body) > maxResponse || (o.tag == tagValue && len(o.body) > maxResult) {
			return outcome{tag: tagLarge}
		}
	case tagThrow:
		o.spoiled = exhausted(o.body)
	}
	return o
}

// failed is the outcome of a run that the engine ended.
func failed(r *run, err error) outcome {
	if r.over() {
		return outcome{tag: tagTime, spoiled: true}
	}
	w := wireFailure{Text: "the run was broken"}
	spoiled := !errors.Is(err, errNever)
	if e, ok := errors.AsType[*quickjs.Error](err); ok {
		w = wireFailure{Name: e.Name, Text: strings.TrimSpace(e.Error()), Stack: e.Stack}
		if text, _, cut := strings.Cut(w.Text, "\n"); cut {
			w.Text = text
		}
		if e.LineNumber > 0 && e.Stack == "" {
			w.Stack = "    at " + e.FileName
		}
	} else if err != nil {
		w.Text = err.Error()
	}
	b, _ := json.Marshal(w)
	return outcome{tag: tagThrow, body: string(b), spoiled: spoiled}
}

// exhausted reports whether a throw says that the VM has run out of something.
func exhausted(body string) bool {
	var w wireFailure
	if json.Unmarshal([]byte(body), &w) != nil {
		return true
	}
	return w.Name == "InternalError" || w.Text == "null"
}
