package functions

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// What of a run is kept.
const (
	maxError   = 2 << 10   // bytes of what was thrown
	maxStack   = 8 << 10   // bytes
	maxConsole = 64 << 10  // bytes of console lines
	maxWrote   = 50        // documents named
	maxRun     = 256 << 10 // bytes of a run, what an entry of a journal may have
	maxPayload = 64 << 10  // bytes of an input, and of an output
)

// What a second takes of a node's runs, so that a flood of one function pushes
// nothing else out; what is beyond is told in numbers. Failed runs have a share of
// their own.
const (
	runsPerSecond   = 50 // of a function that went well, and as many that failed
	inputsPerSecond = 5  // of a function
	bytesPerSecond  = 2 << 20
)

// Lives of what is kept, at most.
const (
	RunsLife   = 7 * 24 * time.Hour
	InputsLife = 72 * time.Hour
	CountsLife = 24 * time.Hour
)

// RunsOptions of Runs: a journal for each life.
type RunsOptions struct {
	Runs       *data.Journal // what happened: RunsLife
	Inputs     *data.Journal // input and output of failed runs: InputsLife
	Counts     *data.Journal // a line a function and half a minute: CountsLife
	InputsLife time.Duration // [InputsLife]; below 0: they are not kept
	Look       time.Duration // for a run whose time is not known [5s]
	Now        func() time.Time
}

// Runs keeps what functions did, and reads it. Everything is bounded, and a run
// never waits for it.
type Runs struct {
	o  RunsOptions
	mu sync.Mutex // guards tallies
	// by function, since the last line of Counts
	tallies map[string]*tally
}

// NewRuns returns Runs; Run writes the counts.
func NewRuns(o RunsOptions) *Runs {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.InputsLife, o.Look = cmp.Or(o.InputsLife, InputsLife), cmp.Or(o.Look, 5*time.Second)
	return &Runs{o: o, tallies: map[string]*tally{}}
}

// Run is a run as it is kept, for 7 days.
type Run struct {
	ID        string         `json:"id"` // of the event
	At        time.Time      `json:"at"` // when it ended
	Node      string         `json:"node,omitempty"`
	Function  string         `json:"function"`
	Trigger   string         `json:"trigger"`
	Took      float64        `json:"ms"`
	Cold      bool           `json:"cold,omitempty"`
	Attempt   int            `json:"attempt"`
	Reruns    int            `json:"reruns,omitempty"` // of the code, as what it read had moved
	Outcome   Outcome        `json:"outcome"`
	Failed    bool           `json:"failed,omitempty"` // of Outcome and Code: neither well nor refused
	Status    int            `json:"status,omitempty"` // of a Response
	Code      hutch.Code     `json:"code,omitempty"`
	Error     string         `json:"error,omitempty"`
	Stack     string         `json:"stack,omitempty"` // mapped to the sources
	RequestID string         `json:"requestId,omitempty"`
	Parent    string         `json:"parent,omitempty"`   // the run that called it
	ParentFn  string         `json:"parentFn,omitempty"` // its function
	Caller    RunCaller      `json:"caller"`
	Position  data.Position  `json:"position,omitempty"` // of its commit
	Wrote     []RunWrite     `json:"wrote,omitempty"`    // the first 50 documents
	WroteMore int            `json:"wroteMore,omitempty"`
	Touched   []RunTouch     `json:"touched,omitempty"` // of a failed run: the first 50 documents that it asked for by id
	Console   []ConsoleLine  `json:"console,omitempty"`
	Kept      bool           `json:"kept,omitempty"` // input and output were kept, for 72 h
	Payload   *RunPayload    `json:"payload,omitempty"`
	input     func() payload // of a run in this process
	entry     string         // in the journal
}

// Cursor is where RunQuery.After goes on behind the run.
func (r *Run) Cursor() string { return r.entry }

// RunCaller is whom a run acted as.
type RunCaller struct {
	Kind  string `json:"kind"`
	UID   string `json:"uid,omitempty"`
	Actor string `json:"actor,omitempty"` // who acted in the user's name
}

// RunWrite names a document that a run wrote.
type RunWrite struct {
	In string `json:"in"`
	ID string `json:"id"`
}

// RunTouch names a document that a run read, or would have written.
type RunTouch struct {
	In    string `json:"in"`
	ID    string `json:"id"`
	Write bool   `json:"write,omitempty"`
}

// ConsoleLine is what code wrote to its console.
type ConsoleLine struct {
	At    float64 `json:"ms"` // since the run began
	Level string  `json:"level"`
	Text  string  `json:"text"`
}

// RunPayload is what a failed run got and gave, as JSON; what is marked
// sensitive, or is named like a secret, is replaced. Cut says what was too long.
type RunPayload struct {
	Input  json.RawMessage `json:"input"`
	Output json.RawMessage `json:"output"`
	Cut    []string        `json:"cut,omitempty"`
}

// OK reports whether the run did what it was for.
func (r *Run) OK() bool { return r.Outcome == OutcomeOK }

// record is r as it is kept. res and out are nil where it did not get so far.
func (r *run) record(res *Result, out *data.Outcome, err error) *Run {
	k := &Run{
		ID: r.ev.ID, At: r.service.o.Now(), Function: r.f.Name, Trigger: r.trigger, Took: float64(r.took.Microseconds()) / 1000, Cold: r.cold,
		Attempt: r.ev.Attempt, Outcome: r.outcome, RequestID: hutch.RequestIDFrom(r.ctx), Parent: r.parent, ParentFn: r.parentFn, Kept: false,
		Caller: RunCaller{Kind: r.as.Kind.String(), UID: r.as.UID, Actor: r.as.Actor},
	}
	if res != nil && res.Response != nil {
		k.Status = res.Response.Status
	}
	if err != nil {
		k.Code = hutch.CodeOf(err)
		if k.Outcome == OutcomeOK {
			k.Outcome, k.Error = OutcomeRefused, hutch.AsError(err).Message
		} else {
			k.Error, k.Stack = r.text, r.stack
		}
		k.Error, k.Stack = cut(k.Error, maxError), cut(k.Stack, maxStack)
	}
	k.Failed = k.Outcome.Failed(k.Code)
	if out != nil && !out.Replayed {
		k.Position = out.Position
		for i := range out.Results {
			if len(k.Wrote) == maxWrote {
				k.WroteMore = len(out.Results) - maxWrote
				break
			}
			k.Wrote = append(k.Wrote, RunWrite{out.Results[i].In, out.Results[i].ID})
		}
	}
	r.mu.Lock()
	if !k.OK() || k.Status >= 400 {
		k.Touched = slices.Clone(r.touched)
	}
	k.Console = slices.Clip(r.lines)
	r.mu.Unlock()
	k.input = func() payload {
		p := payload{input: r.ev.input()}
		if res != nil {
			p.output = res.Value
		}
		return p
	}
	return k
}

// keep adds a run to the counts and, as far as its second has room, to the journals.
func (rs *Runs) keep(k *Run, sensitive []string) {
	if rs == nil {
		return
	}
	rs.count(k)
	share, class := "ok", ended(k)+" "+k.Function
	if !k.OK() {
		share = "failed"
	}
	if !rs.o.Runs.TakeFor(class, share+" "+k.Function, 1, runsPerSecond) {
		return
	}
	b := k.json()
	if !rs.o.Runs.TakeFor(class, share, len(b), bytesPerSecond) {
		return
	}
	if !k.OK() && rs.o.InputsLife > 0 && rs.o.Inputs.Take(k.Function, 1, inputsPerSecond) { // never without its run
		if in, ok := k.input().json(k, sensitive); ok && rs.o.Inputs.Take("", len(in), bytesPerSecond) {
			k.Kept = rs.o.Inputs.Add(in, k.ID, "run:"+k.ID, "user:"+k.Caller.UID) // the id alone is what Forget finds it by
			b = k.json()
		}
	}
	rs.o.Runs.Add(b, "run:"+k.ID, "fn:"+k.Function, "outcome:"+string(k.Outcome), "failed:"+boolMark(!k.OK()),
		"user:"+k.Caller.UID, "request:"+k.RequestID)
}

// ended is how a run is counted: ok, failed or refused.
func ended(k *Run) string {
	switch {
	case k.OK():
		return string(OutcomeOK)
	case k.Failed:
		return onlyFailed
	}
	return onlyRefused
}

// json is the run as it is kept. Text may grow sixfold by its escapes: of a run
// that would be too long for the journal the console goes, then what it names.
func (r *Run) json() []byte {
	for {
		b, err := json.Marshal(r)
		switch {
		case err != nil: // nothing in it can fail
			return nil
		case len(b) <= maxRun:
			return b
		case len(r.Console) > 0:
			r.Console = nil
		case len(r.Touched) > 0 || len(r.Wrote) > 0:
			r.Touched, r.Wrote, r.WroteMore = nil, nil, r.WroteMore+len(r.Wrote)
		default:
			r.Error, r.Stack = "", ""
			return b
		}
	}
}

func boolMark(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// cut gives the first n bytes of s, whole characters, with a mark where it was longer.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}

// Run writes the counts each half minute until ctx ends.
func (rs *Runs) Run(ctx context.Context) {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			rs.note()
			return
		case <-tick.C:
			rs.note()
		}
	}
}
