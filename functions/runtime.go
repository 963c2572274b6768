package functions

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Runtime runs code. functions/runtimetest covers every sentence here.
type Runtime interface {
	// Load prepares a bundle; it compiles it and runs its top level once.
	// invalid_argument: the code does not load, or has no default export.
	Load(ctx context.Context, b Bundle) (Module, error)
	// Invoke runs m once. At ctx's deadline the code is ended or killed. Errors
	// are *hutch.Error: what the code threw as HutchError as it threw it; all
	// else internal, deadline_exceeded or cancelled. Each wraps a *Failure.
	Invoke(ctx context.Context, m Module, c *Call, h Host) (*Result, error)
	Stats() Stats
	Close() error
}

// Host is what one run of code may ask, each a framed request. The host owns the
// session, the rights, the depth and the deadline; ctx ends with the run. An
// error reaches the code as HutchError, its cause (Err) does not. DB operations
// of one run come one after another in the order of the code; calls may come
// beside them. What Invoke starts for a Host's Call must get that Call's ctx.
type Host interface {
	// DB does an operation of DBOps.
	DB(ctx context.Context, op string, args data.Doc) (data.Doc, error)
	Enqueue(ctx context.Context, args data.Doc) error
	Fetch(ctx context.Context, r *FetchRequest) (*FetchResponse, error)
	// Call runs another function as the same caller: in {data}, out {data}.
	Call(ctx context.Context, name string, in data.Doc) (data.Doc, error)
	Secret(name string) (string, error)
	// Log takes a console line; level is debug, info, warn or error.
	Log(level, line string)
}

// DBOp is an operation of ctx.db; with the prefix "admin." it is ctx.admin.db's.
type DBOp struct {
	Name string
	Args string // the fields of args; a ? marks optional ones, guard is {if, else, ifVersion, ifExists, ifMissing}
	Out  string // the fields of the answer
	Sync bool   // the code waits in place: a write, which is only buffered
}

// DBOps is the table of Host.DB.
var DBOps = []DBOp{
	{"db.get", "in, id, track?, lock?", "doc (null: absent)", false},
	{"db.getMany", "in, ids, track?, lock?", "docs, null where absent", false},
	{"db.find", "in, query?, track?", "docs, next (null: the end), count?", false},
	{"db.first", "in, query?, track?", "doc (null: none)", false},
	{"db.count", "in, query?", "count", false},
	{"db.create", "in, doc, guard?", "doc with its _id", true},
	{"db.set", "in, id, doc, guard?", "", true},
	{"db.update", "in, id, doc, guard?", "", true},
	{"db.delete", "in, id, guard?", "", true},
}

// AuthOps are the operations of ctx.auth, also of Host.DB, for functions with
// `admin: true`. A user is named by id or address.
var AuthOps = []DBOp{
	{"auth.getUser", "user", "user (null: none)", false},
	{"auth.findUsers", "query?: {filter?, role?, banned?, limit?, after?}", "users", false},
	{"auth.createUser", "user: {email, password?, password_hash?, email_confirm?, roles?, app_metadata?, user_metadata?}", "user", false},
	{"auth.invite", "email, data?, redirectTo?", "user", false},
	{"auth.setRoles", "user, roles", "user", false},
	{"auth.setClaims", "user, claims", "user", false},
	{"auth.ban", "user, until (a date; null lifts)", "user", false},
	{"auth.revoke", "user", "", false},
}

// MailOps are the operations of ctx.mail, also of Host.DB.
var MailOps = []DBOp{
	{"mail.send", "to (an address or several), subject, text, html? | template, data?; key?", "", false},
}

// Bundle is a function's code as it is loaded.
type Bundle struct {
	Function  string
	Release   string // of the app; VMs are pooled by Function, Release and Secrets
	Secrets   string // names the set of secrets; "" = none
	Code      []byte // ES2023, as internal/bundle makes it
	SourceMap []byte // of Code; nil: stacks name the bundle's lines
	Memory    int64  // bytes of a VM; 0 = 64 MiB
	Admin     bool   // ctx.admin exists
}

// Module is a loaded bundle; it may be invoked from many goroutines.
type Module interface {
	// Release gives back what Load took; running calls end as they would.
	Release()
}

// Call is one run.
type Call struct {
	ID    string          // in logs; a run's host calls are bound to it
	Event json.RawMessage // the event object as relaxed Extended JSON
	// Again gives the Host of a second run from the start, for a run that was
	// lost with its process through no known fault of its own. nil: it fails.
	Again func(context.Context) (Host, error)
}

// Result of a run that ended well.
type Result struct {
	Value    json.RawMessage // relaxed Extended JSON, valid, at most 1 MiB; "null" for undefined
	None     bool            // the code gave undefined
	Response *Response       // the code gave a Response; Value is nil
	Cold     bool            // the VM was new
}

// Response is what a function's Response object holds; nothing in it is checked.
type Response struct {
	Status  int
	Headers [][2]string // names in lower case
	Body    []byte
}

// FetchRequest is a request of the code's fetch.
type FetchRequest struct {
	Method, URL string
	Headers     [][2]string
	Body        []byte
}

// FetchResponse is its answer.
type FetchResponse struct {
	Status  int
	Headers [][2]string
	Body    []byte
}

// Outcome says how a run ended.
type Outcome string

// The outcomes.
const (
	OutcomeOK       Outcome = "ok"
	OutcomeThrew    Outcome = "threw"    // a HutchError of a known code
	OutcomeError    Outcome = "error"    // any other throw
	OutcomeTime     Outcome = "time"     // ended at the deadline
	OutcomeMemory   Outcome = "memory"   // the VM's limit
	OutcomeStack    Outcome = "stack"    // stack overflow
	OutcomeKilled   Outcome = "killed"   // did not stop at the deadline, its process was killed
	OutcomeDied     Outcome = "died"     // the process died under it
	OutcomeTooLarge Outcome = "toolarge" // a result over 1 MiB
	OutcomeGone     Outcome = "gone"     // the caller gave up
	OutcomeRefused  Outcome = "refused"  // the code ended well, its answer or its commit was refused
)

// Failed is what every count and page calls failed: the run met a fault, a limit
// or a service that was away. What the code or the rules refused on purpose, by any
// other code, is a refusal.
func (o Outcome) Failed(code hutch.Code) bool {
	switch o {
	case OutcomeOK:
		return false
	case OutcomeThrew, OutcomeRefused:
		return code == hutch.ResourceExhausted || code == hutch.Internal || code == hutch.Unavailable || code == hutch.DeadlineExceeded
	}
	return true
}

// Failure is the cause inside the error of Invoke: for the log, never for the client.
type Failure struct {
	Outcome Outcome
	Text    string // what was thrown, one line
	Stack   string // mapped to the sources, a line a frame
	Retry   *bool  // HutchError's retry, where given
	Cold    bool
	Err     error // the Host's error that the code let through
}

func (f *Failure) Error() string {
	if f.Text == "" {
		return string(f.Outcome)
	}
	return string(f.Outcome) + ": " + f.Text
}

func (f *Failure) Unwrap() error { return f.Err }

// Killed reports whether the run took its process down; breakers count that.
func (f *Failure) Killed() bool {
	return f.Outcome == OutcomeKilled || f.Outcome == OutcomeDied
}

// Stats of a runtime since its start.
type Stats struct {
	Processes int   // running, spares included
	Slots     int   // calls that run at a time
	Busy      int   // calls in flight
	Cold      int64 // VMs made
	Kills     int64 // processes killed or dead
	Reruns    int64 // runs begun again after another's death
	Isolation string
	Confined  bool          // the sandbox that was asked for is in force
	Start     time.Duration // of the last process, until it was ready
}
