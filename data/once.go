package data

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

const (
	onceLife     = 24 * time.Hour
	onceMaxValue = 64 << 10
)

// onceCollection keeps what a replay answers: {_id: keyed hash of scope and key,
// hash: of the body, owner, at, expires, results, value, status}.
var onceCollection = Collection{Name: "_idempotency", Indexes: []Index{
	{Name: "expires", Fields: []Order{{Path: "expires"}}},
	{Name: "owner_at", Fields: []Order{{Path: "owner"}, {Path: "at"}}},
}}

// errTwin says that a commit under the same key was first; its record answers.
var errTwin = errors.New("the key's work is done")

// Replay looks an idempotency record up: nil, nil when there is none. Twins of
// one key that run at the same time wait here for the first; release must be
// called in every case. invalid_argument when the body differs. Documents of the
// outcome are shown as get would show them to ctx's principal now.
func (s *Service) Replay(ctx context.Context, o *Once) (out *Outcome, release func(), err error) {
	id := s.onceID(o)
	release, err = s.twins.enter(ctx, id)
	if err != nil {
		return nil, func() {}, err
	}
	out, err = s.replay(ctx, o, id)
	if out == nil && err == nil {
		o.held = true
		done := release
		release = func() { o.held = false; done() }
	}
	return out, release, err
}

// replay answers from the record of o, nil if there is none.
func (s *Service) replay(ctx context.Context, o *Once, id string) (*Outcome, error) {
	st := &state{s: s}
	defer st.close()
	rec, err := st.stored(ctx, onceCollection.Name, id)
	if err != nil || rec == nil || s.expired(rec) {
		return nil, err
	}
	if _, hash, _ := Field(rec, "hash").BinaryOK(); !hmac.Equal(hash, s.onceHash("body", o.Body)) {
		return nil, badField("Idempotency-Key", "the key was used for another request")
	}
	out := &Outcome{Replayed: true, Position: st.snap.Position()}
	if v := Field(rec, "status"); v.Type != 0 {
		n, _ := Integer(v)
		out.Status = int(n)
	}
	if v := Field(rec, "value"); v.Type == bson.TypeBinary {
		_, b := v.Binary()
		out.Value = b
	}
	c := s.call(hutch.PrincipalFrom(ctx), Request{}, st)
	for r := range Elements(Field(rec, "results")) {
		res := WriteResult{In: Text(Field(r.Document(), "in")), ID: Text(Field(r.Document(), "id"))}
		res.Version, _ = Integer(Field(r.Document(), "version"))
		created := Field(r.Document(), "created")
		res.Created = created.Type == bson.TypeBoolean && created.Boolean()
		if res.Version != 0 {
			if err := s.tell(ctx, &c.p, res.In); err != nil {
				return nil, err
			}
			d, err := st.stored(ctx, res.In, res.ID)
			if err != nil {
				return nil, err
			}
			res.Doc = bareDoc(res.ID, res.Version)
			if d != nil {
				if ok, err := c.readable(ctx, res.In, res.ID, d); err == nil && ok {
					res.Doc = c.session(ctx).Mask(res.In, d)
				}
			}
		}
		out.Results = append(out.Results, res)
	}
	return out, nil
}

// otherwise answers a commit that lost to a twin on another node from its record.
func (s *Service) otherwise(ctx context.Context, o *Once, err error) (*Outcome, error) {
	if o == nil || !errors.Is(err, errTwin) {
		return nil, err
	}
	out, rerr := s.replay(ctx, o, s.onceID(o))
	if rerr != nil {
		return nil, rerr
	}
	if out == nil {
		return nil, hutch.Errorf(hutch.Unavailable, "the outcome under this key cannot be read: %w", err)
	}
	return out, nil
}

// onceWrite is the record of an outcome; it fails with errTwin where there is
// one already.
func (s *Service) onceWrite(o *Once, owner string, out *Outcome, now time.Time) (Write, error) {
	if len(out.Value) > onceMaxValue {
		return Write{}, hutch.Errorf(hutch.Internal, "a result above 64 KiB cannot be kept under a key")
	}
	var results Value
	if len(out.Results) > 0 {
		rs := make([]Value, len(out.Results))
		for i, r := range out.Results {
			fields := []Elem{{"in", String(r.In)}, {"id", String(r.ID)}}
			if r.Version != 0 {
				fields = append(fields, Elem{"version", Int64(r.Version)})
			}
			if r.Created {
				fields = append(fields, Elem{"created", Bool(true)})
			}
			rs[i] = Object(NewDoc(fields...))
		}
		results = Array(rs...)
	}
	var value, status Value
	if out.Value != nil {
		value = binaryValue(out.Value)
	}
	if out.Status != 0 {
		status = Int(int64(out.Status))
	}
	id := s.onceID(o)
	rec := NewDoc(Elem{FieldID, String(id)}, Elem{"owner", String(owner)}, Elem{"hash", binaryValue(s.onceHash("body", o.Body))},
		Elem{"at", Date(now)}, Elem{"expires", Date(now.Add(onceLife))},
		Elem{"status", status}, Elem{"value", value}, Elem{"results", results})
	return Write{Collection: onceCollection.Name, ID: id, Expect: AnyVersion, Next: func(old Doc) (Doc, error) {
		if old != nil && !s.expired(old) {
			return nil, hutch.Errorf(hutch.Aborted, "the key was used meanwhile: %w", errTwin)
		}
		return rec, nil
	}}, nil
}

func (s *Service) expired(rec Doc) bool {
	v := Field(rec, "expires")
	return v.Type != bson.TypeDateTime || s.now().UnixMilli() >= v.DateTime()
}

func (s *Service) onceID(o *Once) string {
	return base64.RawURLEncoding.EncodeToString(s.onceHash("key", []byte(o.Scope), []byte(o.Key)))
}

// onceHash is a keyed hash of parts, each with its length.
func (s *Service) onceHash(what string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, s.onceKey)
	h.Write([]byte(what))
	for _, p := range parts {
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(p))))
		h.Write(p)
	}
	return h.Sum(nil)
}

// derivedKey gives a key for one purpose.
func derivedKey(key []byte, purpose string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("hutch " + purpose))
	return h.Sum(nil)
}

// ownerOf is whose records count together: a guest's are his address's.
func ownerOf(c *call) string {
	if c.p.IsGuest() {
		return "guest:" + c.r.IP
	}
	return c.p.Kind.String() + ":" + c.p.UID
}

func binaryValue(b []byte) Value {
	v := make([]byte, 0, len(b)+5)
	v = binary.LittleEndian.AppendUint32(v, uint32(len(b)))
	return Value{Type: bson.TypeBinary, Value: append(append(v, 0), b...)}
}

// twins lets one request of a key run at a time on this node.
type twins struct {
	mu  sync.Mutex
	run map[string]chan struct{} // guarded by mu; closed when its request is done
}

func (t *twins) enter(ctx context.Context, id string) (release func(), err error) {
	for {
		t.mu.Lock()
		first, running := t.run[id]
		if !running {
			mine := make(chan struct{})
			if t.run == nil {
				t.run = make(map[string]chan struct{})
			}
			t.run[id] = mine
			t.mu.Unlock()
			return sync.OnceFunc(func() {
				t.mu.Lock()
				delete(t.run, id)
				t.mu.Unlock()
				close(mine)
			}), nil
		}
		t.mu.Unlock()
		select {
		case <-first:
		case <-ctx.Done():
			return nil, ended(ctx)
		}
	}
}

// ended is the error of a ctx that ended while something was waited for.
func ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return hutch.Errorf(hutch.DeadlineExceeded, "it took longer than allowed: %w", ctx.Err())
	}
	return hutch.Errorf(hutch.Cancelled, "the caller gave up: %w", ctx.Err())
}
