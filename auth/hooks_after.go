package auth

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
)

// AfterJob is the kind of the jobs that tell a function of an event; OpenAfter
// reads them.
const AfterJob = "auth.after"

// After is such a job.
type After struct {
	Function string    `json:"function"`
	Event    HookEvent `json:"event"`
	At       time.Time `json:"at"`
}

// hearers gives the jobs that go with a commit which makes or ends accounts: a
// commit's Derive, so that no way to an account leaves them out. depth is that
// of the job which commits.
func (s *Service) hearers(depth int) func([]data.Change) ([]data.Write, error) {
	if s.o.Hooks == nil {
		return nil
	}
	made, gone := s.o.Hooks.After(AfterSignUp), s.o.Hooks.After(AfterDelete)
	if len(made)+len(gone) == 0 {
		return nil
	}
	return func(cs []data.Change) (ws []data.Write, err error) {
		for i := range cs {
			c := &cs[i]
			if c.Collection != colUsers {
				continue
			}
			var more []data.Write
			switch was, is := usable(c.Before), usable(c.After); {
			case !was && is:
				more, err = s.after(AfterSignUp, made, c.After, depth)
			case was && c.After == nil:
				more, err = s.after(AfterDelete, gone, c.Before, depth)
			}
			if err != nil {
				return nil, err
			}
			ws = append(ws, more...)
		}
		return ws, nil
	}
}

// usable reports whether a user's image is one of an account, and not of one that
// waits for its mail.
func usable(d data.Doc) bool {
	if d == nil {
		return false
	}
	waits, _ := data.Field(d, "pending").BooleanOK()
	return !waits
}

// after are the jobs of an event: one a function, so that each is done once,
// in the order of the user's commits.
func (s *Service) after(event string, functions []string, image data.Doc, depth int) ([]data.Write, error) {
	if len(functions) == 0 {
		return nil, nil
	}
	u, err := decode[userDoc](image)
	if err != nil {
		return nil, err
	}
	ws := make([]data.Write, 0, len(functions))
	for _, name := range functions {
		plain, err := json.Marshal(After{Function: name, Event: HookEvent{Type: event, User: showUser(u)}, At: s.o.Now()})
		if err != nil {
			return nil, hutch.Errorf(hutch.Internal, "encoding an event: %w", err)
		}
		// Sealed: what is told of a person that was erased is not to be read in the store.
		sealed, err := s.seal.seal(AfterJob, plain)
		if err != nil {
			return nil, hutch.Errorf(hutch.Internal, "sealing an event: %w", err)
		}
		payload, err := data.Marshal(sealedPayload{sealed})
		if err != nil {
			return nil, err
		}
		job := jobs.Job{Kind: AfterJob, Order: name + " " + u.ID, Payload: payload, Depth: depth}
		if event != AfterDelete { // which is to be heard although the person is gone
			job.About = u.ID
		}
		ws = append(ws, jobs.Row(job))
	}
	return ws, nil
}

type sealedPayload struct {
	Sealed []byte `bson:"sealed"`
}

// OpenAfter reads the payload of an AfterJob: invalid_argument where no further
// try would mend it.
func (s *Service) OpenAfter(payload data.Doc) (*After, error) {
	var p sealedPayload
	if err := data.Unmarshal(payload, &p); err != nil {
		return nil, hutch.Errorf(hutch.InvalidArgument, "reading an event: %w", err)
	}
	plain, err := s.seal.open(AfterJob, p.Sealed)
	if err != nil {
		return nil, hutch.Errorf(hutch.InvalidArgument, "opening an event: %w", err)
	}
	a := new(After)
	if err := json.Unmarshal(plain, a); err != nil {
		return nil, hutch.Errorf(hutch.InvalidArgument, "reading an event: %w", err)
	}
	return a, nil
}

// tellRefusal notes a sign-up that a function or the profile's schema refused
// where the answer may not tell it, as it would tell which addresses have accounts.
func (s *Service) tellRefusal(err error) {
	s.o.Log.Warn("a sign-up by mail was refused; its answer does not say so", slog.Any("error", err))
}
