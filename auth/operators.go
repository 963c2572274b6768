package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// colOperators holds who runs the server: a document each, with its factors and
// sessions inside, apart from users.
const colOperators = "_operators"

const (
	maxOperators        = 100
	maxOperatorSessions = 20
	maxNetworkHalves    = 5  // that owe a factor, of a network (IPv4 /24, IPv6 /48)
	maxOperatorHalves   = 25 // of all networks
	halvesAnHour        = 30 // of a network that the operator never signed in from
	operatorPassword    = 10 // characters, at least
	operatorIdle        = 12 * time.Hour
	operatorMax         = 7 * 24 * time.Hour
	operatorHalf        = 15 * time.Minute // of a session that owes a factor
)

// What Operators ask for beside the password.
const (
	MFARequired = "required"
	MFAOptional = "optional" // who has a factor is asked for it
	MFAOff      = "off"      // in development
)

// OperatorOptions say how operators sign in.
type OperatorOptions struct {
	MFA    string        // [MFARequired]
	Origin func() string // of the dashboard, for passkeys; nil: the public URL
}

// operatorDoc is an operator. Its _id follows from the address, which makes that
// unique.
type operatorDoc struct {
	ID       string            `bson:"_id"`
	Version  int64             `bson:"_version,omitempty"`
	Email    string            `bson:"email"`
	EmailKey string            `bson:"emailKey"`
	Password string            `bson:"password,omitempty"` // "": invited, and nothing more yet
	TOTP     *factorDoc        `bson:"totp,omitempty"`
	NewTOTP  *factorDoc        `bson:"newTotp,omitempty"` // until it is proven
	Handle   []byte            `bson:"passkeyHandle,omitempty"`
	Passkeys []passkeyDoc      `bson:"passkeys,omitempty"`
	Sessions []operatorSession `bson:"sessions,omitempty"`
	Networks []string          `bson:"networks,omitempty"`
	SignedIn time.Time         `bson:"lastSignInAt,omitempty"`
	Created  time.Time         `bson:"createdAt"`
	Updated  time.Time         `bson:"updatedAt"`
}

// operatorSession is a sign-in of an operator.
type operatorSession struct {
	ID        string    `bson:"id"`
	AAL       string    `bson:"aal"`
	Authentic time.Time `bson:"authenticatedAt"`
	Seen      time.Time `bson:"seenAt"` // to the renewal of its token
	Created   time.Time `bson:"createdAt"`
	Agent     string    `bson:"agent,omitempty"`
	Addr      string    `bson:"addr,omitempty"`
}

// operatorID names the document of an address; no address is in ids.
func operatorID(key string) string {
	sum := sha256.Sum256([]byte("operator\x00" + key))
	return "op_" + hex.EncodeToString(sum[:12])
}

func isOperatorID(id string) bool { return strings.HasPrefix(id, "op_") }

func (d *operatorDoc) active() bool { return d.Password != "" }

// methods are the second factors that an operator has.
func (d *operatorDoc) methods() []string {
	out := []string{}
	if d.TOTP != nil {
		out = append(out, "totp")
	}
	if len(d.Passkeys) > 0 {
		out = append(out, passkeyType)
	}
	return out
}

func (d *operatorDoc) session(id string) *operatorSession {
	i := slices.IndexFunc(d.Sessions, func(s operatorSession) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &d.Sessions[i]
}

// Operators signs operators in and keeps them. It shares the hasher, the limits,
// the keys and the audit of its Service.
type Operators struct{ s *Service }

// Operators are who runs the server.
func (s *Service) Operators() *Operators { return &Operators{s} }

// MFA is what is asked for beside the password.
func (o *Operators) MFA() string { return o.s.o.Operators.MFA }

func noOperator() error {
	return &hutch.Error{Code: hutch.NotFound, Message: "there is no such operator"}
}

func (s *Service) operator(ctx context.Context, id string) (*operatorDoc, error) {
	if !isOperatorID(id) {
		return nil, nil
	}
	return load[operatorDoc](ctx, s.o.System, colOperators, id)
}

// all reads every operator, the oldest first: there are few.
func (o *Operators) all(ctx context.Context) (out []*operatorDoc, err error) {
	for raw, err := range o.s.o.System.Find(ctx, data.Query{From: colOperators, Limit: maxOperators + 1}) {
		if err != nil {
			return nil, err
		}
		d, err := decode[operatorDoc](raw)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b *operatorDoc) int { return a.Created.Compare(b.Created) })
	return out, nil
}

// Exist reports whether somebody can sign in as an operator.
func (o *Operators) Exist(ctx context.Context) (bool, error) {
	all, err := o.all(ctx)
	return slices.ContainsFunc(all, (*operatorDoc).active), err
}

// save is the write of d as it was read.
func (o *Operators) save(d *operatorDoc, now time.Time) (data.Write, error) {
	c := *d
	c.Version, c.Updated = 0, now
	return put(colOperators, d.ID, d.Version, &c)
}

// commit writes d with what happened to it, and forgets what this node
// remembers of its sessions.
func (o *Operators) commit(ctx context.Context, d *operatorDoc, a auditDoc, now time.Time, ws ...data.Write) error {
	w, err := o.save(d, now)
	if err != nil {
		return err
	}
	ws = append(ws, w)
	if a.Event != "" {
		if a.Network == "" {
			a.Network = networkFrom(ctx)
		}
		row, err := o.s.audit(now, a)
		if err != nil {
			return err
		}
		ws = append(ws, row)
	}
	if err := o.s.commit(ctx, now, ws...); err != nil {
		return err
	}
	o.s.cache.drop(d.ID)
	return nil
}

// OperatorRow is an operator as others see them.
type OperatorRow struct {
	ID         string   `json:"id"`
	Email      string   `json:"email"`
	Status     string   `json:"status"` // active, or invited
	Factors    []string `json:"factors"`
	CreatedAt  string   `json:"createdAt"`
	LastSignIn string   `json:"lastSignInAt,omitempty"`
	Sessions   int      `json:"sessions"`
}

func (o *Operators) row(d *operatorDoc) OperatorRow {
	r := OperatorRow{
		ID: d.ID, Email: d.Email, Status: "invited", Factors: d.methods(), CreatedAt: rfc3339(d.Created), LastSignIn: rfc3339(d.SignedIn),
	}
	if d.active() {
		r.Status = "active"
	}
	now := o.s.o.Now()
	for i := range d.Sessions {
		if o.lives(d, &d.Sessions[i], now) {
			r.Sessions++
		}
	}
	return r
}

// List gives all operators, the oldest first.
func (o *Operators) List(ctx context.Context) ([]OperatorRow, error) {
	all, err := o.all(ctx)
	out := make([]OperatorRow, 0, len(all))
	for _, d := range all {
		out = append(out, o.row(d))
	}
	return out, err
}

// Remove ends an operator with all sessions; by is who asks. not_found, and
// failed_precondition for the last one who can sign in.
func (o *Operators) Remove(ctx context.Context, id, by string) error {
	return rerun(ctx, func() error {
		all, err := o.all(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(d *operatorDoc) bool { return d.ID == id || d.Email == id })
		if i < 0 {
			return noOperator()
		}
		d, now := all[i], o.s.o.Now()
		w := remove(colOperators, d.ID)
		w.Expect = d.Version
		ws := []data.Write{w, dropOTP(forOperator, d.ID)}
		if d.active() {
			j := slices.IndexFunc(all, func(other *operatorDoc) bool { return other.active() && other.ID != d.ID })
			if j < 0 {
				return &hutch.Error{Code: hutch.FailedPrecondition, Message: "this is the last operator", Hint: "make another one first"}
			}
			// The other stays: of two that remove each other, one loses.
			kept, err := o.save(all[j], all[j].Updated)
			if err != nil {
				return err
			}
			ws = append(ws, kept)
		}
		row, err := o.s.audit(now, auditDoc{Event: "operator_removed", Operator: by, Target: d.ID, Network: networkFrom(ctx)})
		if err != nil {
			return err
		}
		if err := o.s.commit(ctx, now, append(ws, row)...); err != nil {
			return err
		}
		o.s.cache.drop(d.ID)
		return nil
	})
}
