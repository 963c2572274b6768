package auth

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// colAudit holds what happened to accounts, sessions and keys. Rows are made
// here, never changed, and go after a year: nothing else writes the collection.
const colAudit = "_audit"

// auditLife is how long a row is kept.
const auditLife = 365 * 24 * time.Hour

// auditDoc is a row of _audit: never with a secret or an address in clear.
type auditDoc struct {
	ID       string    `bson:"_id"`
	At       time.Time `bson:"at"`
	Event    string    `bson:"event"`
	User     string    `bson:"user,omitempty"`
	Session  string    `bson:"session,omitempty"`
	Key      string    `bson:"key,omitempty"`
	Operator string    `bson:"operator,omitempty"` // who acted
	Target   string    `bson:"target,omitempty"`   // what it was done to
	Function string    `bson:"function,omitempty"` // of the app, by ctx.auth
	Network  string    `bson:"network,omitempty"`  // IPv4 /24 or IPv6 /48
	Detail   string    `bson:"detail,omitempty"`
	Count    int64     `bson:"count,omitempty"` // of what is told in one row
	Request  string    `bson:"requestId,omitempty"`
}

// audit is a row of _audit, to be written with what it tells of.
func (s *Service) audit(now time.Time, a auditDoc) (data.Write, error) {
	id, err := newID(now, s.o.Entropy)
	if err != nil {
		return data.Write{}, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	a.ID, a.At = id, now
	return put(colAudit, id, 0, &a)
}

// indexAudit adds what finds the rows of a request.
func indexAudit(all map[string][]data.Index) {
	all[colAudit] = []data.Index{{Name: "requestId", Fields: []data.Order{{Path: "requestId"}}}}
}

// stamped gives rows of the audit among ws the id of the request that they come of.
func stamped(ctx context.Context, ws []data.Write) []data.Write {
	id := hutch.RequestIDFrom(ctx)
	if id == "" {
		return ws
	}
	ws = slices.Clone(ws)
	for i := range ws {
		if ws[i].Collection != colAudit {
			continue
		}
		row := ws[i].Next
		ws[i].Next = func(old data.Doc) (data.Doc, error) {
			d, err := row(old)
			if err != nil || d == nil {
				return d, err
			}
			return data.With(d, data.Elem{Name: "requestId", Value: data.String(id)}), nil
		}
	}
	return ws
}

// by says which operator or key acted.
func (a *auditDoc) by(p hutch.Principal) {
	if p.Kind == hutch.Operator {
		a.Operator = p.UID
	} else {
		a.Key = p.UID
	}
}

// area is as much of an address as the audit keeps.
func area(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// AuditRow is a row as it is shown.
type AuditRow struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Event    string    `json:"event"`
	User     string    `json:"user,omitempty"`
	Session  string    `json:"session,omitempty"`
	Key      string    `json:"key,omitempty"`
	Operator string    `json:"operator,omitempty"` // who acted
	Target   string    `json:"target,omitempty"`   // what it was done to
	Function string    `json:"function,omitempty"`
	Network  string    `json:"network,omitempty"`
	Detail   string    `json:"detail,omitempty"`
	Count    int64     `json:"count,omitempty"`
	Request  string    `json:"requestId,omitempty"` // it came of
}

// sweepAudit deletes rows that are older than a year, the one way that a row goes.
func (s *Service) sweepAudit(ctx context.Context) error {
	now := s.o.Now()
	const page = 500
	for {
		var ws []data.Write
		for raw, err := range s.o.System.Find(ctx, data.Query{From: colAudit, OrderBy: []data.Order{{Path: data.FieldID}}, Limit: page}) {
			if err != nil {
				return fmt.Errorf("looking for old rows of the audit: %w", err)
			}
			d, err := decode[auditDoc](raw)
			if err != nil {
				return err
			}
			if now.Sub(d.At) < auditLife { // and so are all that follow
				break
			}
			ws = append(ws, remove(colAudit, d.ID))
		}
		if len(ws) > 0 {
			if err := s.tidy(ctx, now, ws...); err != nil && !moved(err) {
				return fmt.Errorf("deleting old rows of the audit: %w", err)
			}
		}
		if len(ws) < page {
			return nil
		}
	}
}

// tidy commits what maintenance removes, which is no news to anybody.
func (s *Service) tidy(ctx context.Context, now time.Time, ws ...data.Write) error {
	ctx, cancel := context.WithTimeout(ctx, commitTime)
	defer cancel()
	_, err := s.o.System.Commit(ctx, &data.Batch{Now: now, Writes: ws})
	return err
}

// joined lists words in a row.
func joined(words ...string) string {
	out := words[:0]
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}
