package functions

import (
	"encoding/json"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// onceOf reads the idempotency key of an invocation; nil: it has none.
func onceOf(f *loaded, in *Invocation, p *hutch.Principal) (*data.Once, error) {
	if in.HTTP != nil && in.HTTP.Method != "POST" {
		return nil, nil //nolint:nilnil // no key, no record
	}
	if in.Key == "" {
		if f.KeyRequired {
			return nil, &hutch.Error{
				Code: hutch.InvalidArgument, Field: "Idempotency-Key", Message: "this function needs an Idempotency-Key",
				Hint: "send a fresh UUID as Idempotency-Key and keep it over retries",
			}
		}
		return nil, nil //nolint:nilnil // no key, no record
	}
	if err := data.CheckKey(p, in.Key); err != nil {
		return nil, err
	}
	return &data.Once{Scope: data.OnceScope(p, in.Scope), Key: in.Key, Body: in.Body}, nil
}

// kept is how an answer stands in an idempotency record; headers are never kept.
type kept struct {
	Value  json.RawMessage `json:"value,omitempty"`
	Status int             `json:"status,omitempty"`
	Body   []byte          `json:"body,omitempty"`
}

func encodeAnswer(a *Answer) ([]byte, error) {
	k := kept{Value: a.Body}
	if a.Response != nil {
		k = kept{Status: a.Response.Status, Body: a.Response.Body}
	}
	js, err := json.Marshal(k)
	if err != nil {
		return nil, hutch.Errorf(hutch.Internal, "encoding the answer: %w", err)
	}
	return js, nil
}

func replayed(out *data.Outcome) (*Answer, error) {
	var k kept
	if err := json.Unmarshal(out.Value, &k); err != nil {
		return nil, hutch.Errorf(hutch.Internal, "reading a kept answer: %w", err)
	}
	a := &Answer{Body: k.Value, Position: out.Position, Replayed: true}
	if k.Status != 0 {
		a.Response = &Response{Status: k.Status, Body: k.Body}
	}
	return a, nil
}
