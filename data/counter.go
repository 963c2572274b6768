package data

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// limitsCollection keeps what a Counter counts: {_id: keyed hash of the key,
// start, window, before, here: a sliding window of two fixed ones; tries, until:
// a backing-off; expires: from when nothing is lost without it}.
var limitsCollection = Collection{Name: "_limits", Indexes: []Index{
	{Name: "expires", Fields: []Order{{Path: "expires"}}},
}}

const backMemory = time.Hour // a backing-off is forgotten so long after its last wait

// Count is one key that a try counts under: at most Limit in any Window or, with
// Limit 0, Free of them without a wait, then each waits for Base, doubled with
// each up to Most.
type Count struct {
	Key        string
	Limit      int
	Window     time.Duration
	Free       int
	Base, Most time.Duration
	Pass       bool // where Limit is reached the try passes, uncounted
}

// Counter counts tries in documents, exactly, whatever the number of nodes. Its
// documents show no keys, and go when nothing is lost without them.
type Counter struct {
	sys System
	key []byte
	now func() time.Time
}

// NewCounter counts in sys's _limits; key is 32 bytes that all nodes share.
func NewCounter(sys System, key []byte, now func() time.Time) *Counter {
	return &Counter{sys: sys, key: derivedKey(key, "limits"), now: now}
}

// Counter counts in _limits.
func (s *Service) Counter() *Counter {
	return NewCounter(s.System(limitsCollection.Name), s.cursorKey, s.now)
}

// Count counts one under each of cs, or under none: then it gives how long to
// wait. counted says under which; all but those with Pass. An error leaves it
// open whether the try was counted.
func (c *Counter) Count(ctx context.Context, cs ...Count) (counted []bool, wait time.Duration, err error) {
	counted = make([]bool, len(cs))
	b := &Batch{Now: c.now(), Writes: make([]Write, len(cs))}
	for i := range cs {
		n := &cs[i]
		b.Writes[i] = c.write(n.Key, func(t *tally, now time.Time) error {
			counted[i] = true
			wait := t.count(n, now)
			switch {
			case wait == 0:
				return nil
			case n.Pass && n.Limit > 0:
				counted[i] = false
				return nil
			}
			return &usedUp{wait}
		})
	}
	ctx, cancel := deadline(ctx)
	defer cancel()
	_, err = c.sys.Commit(ctx, b)
	if e, ok := errors.AsType[*usedUp](err); ok {
		return nil, e.wait, nil
	}
	return counted, 0, err
}

// Settle takes one back under each key of undo and all under those of forget.
func (c *Counter) Settle(ctx context.Context, undo, forget []string) error {
	b := &Batch{Now: c.now()}
	for _, key := range undo {
		b.Writes = append(b.Writes, c.write(key, func(t *tally, now time.Time) error {
			t.here = max(t.here-1, 0)
			if t.tries > 0 {
				t.tries--
				t.until = now
			}
			return nil
		}))
	}
	for _, key := range forget {
		b.Writes = append(b.Writes, c.write(key, func(t *tally, _ time.Time) error {
			*t = tally{}
			return nil
		}))
	}
	if len(b.Writes) == 0 {
		return nil
	}
	ctx, cancel := deadline(ctx)
	defer cancel()
	_, err := c.sys.Commit(ctx, b)
	return err
}

// usedUp ends a commit whose try has to wait.
type usedUp struct{ wait time.Duration }

func (*usedUp) Error() string { return "a limit is reached" }

// write changes the tally of a key.
func (c *Counter) write(key string, f func(*tally, time.Time) error) Write {
	h := hmac.New(sha256.New, c.key)
	h.Write([]byte(key))
	id := base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
	now := c.now()
	return Write{Collection: limitsCollection.Name, ID: id, Expect: AnyVersion, Next: func(old Doc) (Doc, error) {
		t := readTally(old)
		if err := f(&t, now); err != nil {
			return nil, err
		}
		if t.before == 0 && t.here == 0 && t.tries == 0 {
			return nil, nil
		}
		return t.doc(id), nil
	}}
}

// tally is what stands under one key.
type tally struct {
	start        time.Time // of the present window
	window       time.Duration
	before, here int64
	tries        int64
	until        time.Time // the next try of a backing-off
}

func readTally(d Doc) (t tally) {
	if d == nil {
		return t
	}
	number := func(f string) int64 { n, _ := Integer(Field(d, f)); return n }
	date := func(f string) time.Time {
		if v := Field(d, f); v.Type == bson.TypeDateTime {
			return time.UnixMilli(v.DateTime())
		}
		return time.Time{}
	}
	return tally{
		start: date("start"), window: time.Duration(number("window")) * time.Millisecond,
		before: number("before"), here: number("here"), tries: number("tries"), until: date("until"),
	}
}

func (t *tally) doc(id string) Doc {
	es := []Elem{{FieldID, String(id)}}
	var expires time.Time
	if t.window > 0 {
		es = append(es, Elem{"start", Date(t.start)}, Elem{"window", Int64(t.window.Milliseconds())},
			Elem{"before", Int64(t.before)}, Elem{"here", Int64(t.here)})
		expires = t.start.Add(2 * t.window)
	}
	if t.tries > 0 {
		es = append(es, Elem{"tries", Int64(t.tries)}, Elem{"until", Date(t.until)})
		if end := t.until.Add(backMemory); end.After(expires) {
			expires = end
		}
	}
	return NewDoc(append(es, Elem{"expires", Date(expires)})...)
}

// count counts one, or gives how long to wait for that.
func (t *tally) count(n *Count, now time.Time) time.Duration {
	now = now.Truncate(time.Millisecond) // as documents keep it
	if n.Limit > 0 {
		if wait := t.full(now, int64(n.Limit), n.Window); wait > 0 {
			return wait
		}
		t.here++
		return 0
	}
	if now.Before(t.until) {
		return t.until.Sub(now)
	}
	if t.tries > 0 && now.Sub(t.until) > backMemory {
		t.tries = 0
	}
	t.tries++
	t.until = now
	if over := t.tries - int64(n.Free); over >= 0 {
		t.until = now.Add(min(n.Base<<min(over, 30), n.Most))
	}
	return 0
}

// full turns the windows and gives the wait when limit is reached: counts of the
// window before weigh by the share of it that still lies in the sliding one.
func (t *tally) full(now time.Time, limit int64, window time.Duration) time.Duration {
	if t.window != window {
		t.window, t.start, t.before = window, now, 0
	}
	if n := now.Sub(t.start); n >= 2*window {
		t.start, t.before, t.here = now, 0, 0
	} else if n >= window {
		t.start, t.before, t.here = t.start.Add(window), t.here, 0
	}
	into := max(now.Sub(t.start), 0) // nodes' clocks differ
	weighed := float64(t.before)*float64(window-into)/float64(window) + float64(t.here)
	if weighed+1 <= float64(limit) {
		return 0
	}
	if t.here+1 > limit {
		return window - into + 1
	}
	// before * (window-x)/window + here + 1 = limit
	free := float64(limit-1-t.here) / float64(t.before)
	return max(time.Duration(float64(window)*(1-free))-into, time.Second)
}
