package jobs

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// The limits of a job.
const (
	MaxPayload = 256 << 10 // bytes of BSON
	MaxDepth   = 8         // hops from the cause that was no job
	maxKind    = 64
	maxName    = 255 // of keys and orders
)

const (
	collection = "_jobs"
	deadQueue  = "dead letters" // no kind is called so
	separator  = "~"            // in ids; not in kinds
)

// The fields of a row. A living job waits in the queue of its kind until `at`:
// when it is due, may be tried again, or its lease ends. A dead one is in the
// queue of dead letters since `at`. line is the id of the document that names
// the head of a job's order: {_id: line, job: the head's id}.
const (
	fKind    = "kind"
	fQueue   = "queue"
	fAt      = "at"
	fKey     = "key"
	fOrder   = "order"
	fAbout   = "about" // data.Service.Erase drops the dead letters about a person
	fLine    = "line"
	fPayload = "payload"
	fTries   = "tries"
	fDepth   = "depth"
	fLease   = "lease" // {holder, fence, until}; fence stays when the lease is over
	fDead    = "dead"  // {reason, at}
	fError   = "error" // of the last try
	fHead    = "job"   // of a line's document
)

// Collections are what the Pool keeps, with the indexes that claims need.
func Collections() []data.Collection {
	return []data.Collection{{Name: collection, Indexes: []data.Index{
		{Name: "queue_at", Fields: []data.Order{{Path: fQueue}, {Path: fAt}}},
		{Name: "line", Fields: []data.Order{{Path: fLine}, {Path: data.FieldVersion}}},
		{Name: fAbout, Fields: []data.Order{{Path: fAbout}}},
	}}}
}

// Job is work to be done by the handler of its kind.
type Job struct {
	Kind    string    // letters, digits, _ . : -
	Key     string    // a repeated key of a kind is one job; "": each is its own
	Order   string    // those of one order run one at a time, in commit order; "": at any time
	About   string    // whose erasure its dead letter does not outlive; "": nobody's
	Payload data.Doc  // may be nil
	At      time.Time // not before; zero: at once
	Depth   int       // Run.Depth + 1 where a job enqueues
}

// Check says what is wrong with a job: invalid_argument with the field,
// payload_too_large, failed_precondition for too many hops.
func (j *Job) Check() error {
	bad := func(field, why string) error {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: field, Message: why}
	}
	switch {
	case !validKind(j.Kind):
		return bad("kind", "a kind has 1 to 64 letters, digits, _ . : -")
	case len(j.Key) > maxName || !utf8.ValidString(j.Key):
		return bad("key", "a key has at most 255 bytes of UTF-8")
	case len(j.Order) > maxName || !utf8.ValidString(j.Order):
		return bad("order", "an order has at most 255 bytes of UTF-8")
	case len(j.About) > maxName || !utf8.ValidString(j.About):
		return bad("about", "about has at most 255 bytes of UTF-8")
	case j.Depth < 0:
		return bad("depth", "a depth is not negative")
	case j.Depth > MaxDepth:
		return hutch.Errorf(hutch.FailedPrecondition, "jobs that enqueue jobs end after %d hops", MaxDepth)
	case len(j.Payload) > MaxPayload:
		return hutch.Errorf(hutch.PayloadTooLarge, "a job's payload has at most %d KiB", MaxPayload>>10)
	}
	if j.Payload != nil {
		return data.CheckDoc(j.Payload)
	}
	return nil
}

func validKind(s string) bool {
	if s == "" || len(s) > maxKind {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("_.:-", rune(c)) {
			return false
		}
	}
	return true
}

// Row is the write that enqueues j, for any commit; it fails it with what Check
// says. The ID of the write is the job's.
func Row(j Job) data.Write {
	w := data.Write{Collection: collection, ID: j.id(), Expect: data.AnyVersion}
	if err := j.Check(); err != nil {
		w.ID = "invalid"
		w.Next = func(data.Doc) (data.Doc, error) { return nil, err }
		return w
	}
	d := j.doc(w.ID, 0, data.Value{}, j.At)
	return j.write(w, d)
}

// write makes the row: d where there is none yet.
func (j *Job) write(w data.Write, d data.Doc) data.Write {
	if j.Key == "" && j.Order == "" {
		// In an order the store looks first, which tells it the time: the row's
		// version is above that of all commits that were done before.
		w.Expect, w.Fresh = 0, true
	}
	w.Next = func(old data.Doc) (data.Doc, error) {
		if old != nil {
			return old, nil
		}
		return d, nil
	}
	return w
}

// id names the kind, so that whoever hears of a new row knows whose it is.
func (j *Job) id() string {
	if j.Key != "" {
		return j.Kind + separator + digest(j.Key)
	}
	return j.Kind + separator + ulid.Make().String()
}

// lineID is the _id of the document that names the head of j's order.
func (j *Job) lineID() string {
	if j.Order == "" {
		return ""
	}
	return separator + j.Kind + separator + digest(j.Order)
}

func (j *Job) doc(id string, tries int, lease data.Value, at time.Time) data.Doc {
	if at.IsZero() {
		at = time.UnixMilli(0)
	}
	var depth, payload data.Value
	if j.Depth > 0 {
		depth = data.Int(int64(j.Depth))
	}
	if j.Payload != nil {
		payload = data.Object(j.Payload)
	}
	return data.NewDoc(data.Elem{Name: data.FieldID, Value: data.String(id)},
		data.Elem{Name: fKind, Value: data.String(j.Kind)}, data.Elem{Name: fQueue, Value: data.String(j.Kind)},
		data.Elem{Name: fAt, Value: data.Date(at)}, data.Elem{Name: fKey, Value: optional(j.Key)},
		data.Elem{Name: fOrder, Value: optional(j.Order)}, data.Elem{Name: fLine, Value: optional(j.lineID())},
		data.Elem{Name: fAbout, Value: optional(j.About)}, data.Elem{Name: fTries, Value: data.Int(int64(tries))}, data.Elem{Name: fDepth, Value: depth},
		data.Elem{Name: fLease, Value: lease}, data.Elem{Name: fPayload, Value: payload})
}

// kindOf is the kind in the id of a job; "" of a line's.
func kindOf(id string) string {
	i := strings.LastIndex(id, separator)
	if i <= 0 || id[0] == separator[0] {
		return ""
	}
	return id[:i]
}

func optional(s string) data.Value {
	if s == "" {
		return data.Value{}
	}
	return data.String(s)
}

func digest(s string) string {
	h := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

func leaseOf(holder string, fence int64, until time.Time) data.Value {
	if holder == "" {
		return data.Object(data.NewDoc(data.Elem{Name: "fence", Value: data.Int64(fence)}))
	}
	return data.Object(data.NewDoc(data.Elem{Name: "holder", Value: data.String(holder)},
		data.Elem{Name: "fence", Value: data.Int64(fence)}, data.Elem{Name: "until", Value: data.Date(until)}))
}

func text(d data.Doc, path string) string { return data.Text(data.Field(d, path)) }

func integer(d data.Doc, path string) int64 {
	n, _ := data.Integer(data.Field(d, path))
	return n
}

func version(d data.Doc) int64 { return integer(d, data.FieldVersion) }

// dateAt is when a row may be taken, the zero time where it says nothing.
func dateAt(d data.Doc) time.Time {
	if v := data.Field(d, fAt); v.Type == bson.TypeDateTime {
		return time.UnixMilli(v.DateTime()).UTC()
	}
	return time.Time{}
}

// waiting reports whether d is a living job that nobody holds at now.
func waiting(d data.Doc, now time.Time) bool {
	return d != nil && text(d, fQueue) != deadQueue && !dateAt(d).After(now)
}
