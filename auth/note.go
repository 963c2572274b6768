package auth

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	maxActDetails = 2 << 10
	maxActName    = 200
)

// Act is something that an operator, or a service key, did in another room.
type Act struct {
	What    string         // e.g. "index.create"
	Target  string         // what it was done to: a name or an id, no secret
	Details map[string]any // no secrets and no documents; up to 2 KiB of JSON
}

type clientKey struct{}

// WithClient returns a context that knows where its request came from, for the
// audit.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, &c)
}

// clientFrom is where a request came from; what no request asks has no limits.
func clientFrom(ctx context.Context) Client {
	if c, ok := ctx.Value(clientKey{}).(*Client); ok {
		return *c
	}
	return Client{ServiceKey: true}
}

// networkFrom is as much of where a request came from as the audit keeps.
func networkFrom(ctx context.Context) string { return area(clientFrom(ctx).Addr) }

// acted is a row with the operator at the dashboard who does it; the command line
// is nobody's.
func (a auditDoc) acted(ctx context.Context) auditDoc {
	if p := hutch.PrincipalFrom(ctx); p.Kind == hutch.Operator {
		a.Operator, a.Session, a.Network = p.UID, p.SessionID, networkFrom(ctx)
	}
	return a
}

// Note writes an act into the audit: who did it is the context's principal, from
// where is its client's network. Call it when the act is done, or, where it
// destroys, before.
func (s *Service) Note(ctx context.Context, a Act) error {
	row, err := s.NoteRow(ctx, a)
	if err != nil {
		return err
	}
	// What was done is told, also where who did it has gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return s.commit(ctx, s.o.Now(), row)
}

// NoteRow is the row of Note, for who commits it together with the act.
func (s *Service) NoteRow(ctx context.Context, a Act) (data.Write, error) {
	if a.What == "" || len(a.What) > maxActName {
		return data.Write{}, hutch.Errorf(hutch.Internal, "an act needs a name")
	}
	d := auditDoc{Event: a.What, Target: clipped(a.Target, maxActName), Network: networkFrom(ctx), Request: hutch.RequestIDFrom(ctx)}
	switch p := hutch.PrincipalFrom(ctx); p.Kind {
	case hutch.Operator:
		d.Operator, d.Session = p.UID, p.SessionID
	case hutch.Service:
		d.Key = p.UID
	case hutch.User:
		d.User, d.Session = p.UID, p.SessionID
	}
	if len(a.Details) > 0 {
		var js strings.Builder
		to := json.NewEncoder(&js)
		to.SetEscapeHTML(false)
		if err := to.Encode(a.Details); err != nil {
			return data.Write{}, hutch.Errorf(hutch.Internal, "encoding an act: %w", err)
		}
		d.Detail = clipped(strings.TrimSuffix(js.String(), "\n"), maxActDetails)
	}
	return s.audit(s.o.Now(), d)
}

// clipped is at most n bytes of s, in whole characters.
func clipped(s string, n int) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
