package functions

import (
	"slices"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// TriggerKind says what starts a function.
type TriggerKind string

// The trigger kinds.
const (
	TriggerCall   TriggerKind = "call"
	TriggerHTTP   TriggerKind = "http"
	TriggerBefore TriggerKind = "before"
	TriggerJudge  TriggerKind = "auth.before" // sign-up, sign-in and tokens
	TriggerHear   TriggerKind = "auth.after"  // of accounts; a durable job
)

// TriggerInfo is a row of the table of triggers.
type TriggerInfo struct {
	Kind    TriggerKind
	Auth    bool          // `auth:` is required, elsewhere it is refused
	Caller  bool          // ctx.db acts as somebody; else it throws and ctx.admin is there
	Writes  bool          // ctx.db may write
	Timeout time.Duration // the default
}

var triggers = []TriggerInfo{
	{TriggerCall, true, true, true, 10 * time.Second},
	{TriggerHTTP, true, true, true, 10 * time.Second},
	{TriggerBefore, false, true, false, 250 * time.Millisecond},
	{TriggerJudge, false, false, false, 250 * time.Millisecond},
	{TriggerHear, false, false, true, time.Minute},
}

// Triggers is the table of trigger kinds.
func Triggers() []TriggerInfo { return slices.Clone(triggers) }

// Info is the row of a kind; ok is false for an unknown one.
func (k TriggerKind) Info() (info TriggerInfo, ok bool) {
	i := slices.IndexFunc(triggers, func(t TriggerInfo) bool { return t.Kind == k })
	if i < 0 {
		return TriggerInfo{}, false
	}
	return triggers[i], true
}

// Trigger is what starts one function.
type Trigger struct {
	Kind       TriggerKind
	Method     string    // http: GET, POST, ...
	Path       string    // http: /api/pets/{id}
	Ops        []data.Op // before: create, update, delete
	Collection string    // before
	Event      string    // of auth: beforeSignUp, ..
}
