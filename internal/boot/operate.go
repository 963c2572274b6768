package boot

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// Operation is what a command asks of an app's data, in the form that also goes
// through the control socket.
type Operation struct {
	Name     string        `json:"name"` // UserCreate..
	Email    string        `json:"email,omitempty"`
	Password string        `json:"password,omitempty"` // "": a random one is made
	Roles    []string      `json:"roles,omitempty"`
	Key      string        `json:"key,omitempty"` // a name, on revoke also an id
	Scope    string        `json:"scope,omitempty"`
	Life     time.Duration `json:"life,omitempty"`
	Now      bool          `json:"now,omitempty"` // SigningRotate: without notice

	Users  []auth.ImportLine   `json:"users,omitempty"`
	Import *auth.ImportOptions `json:"import,omitempty"`
	After  string              `json:"after,omitempty"`  // UserExport: the id of a user
	Hashes bool                `json:"hashes,omitempty"` // UserExport: with them
	Audit  *auth.AuditQuery    `json:"audit,omitempty"`
}

// The operations.
const (
	UserCreate  = "user.create"
	UserSetRole = "user.set-role"
	UserErase   = "user.erase"
	UserImport  = "user.import"
	UserExport  = "user.export"
	KeyCreate   = "key.create"
	KeyList     = "key.list"
	KeyRevoke   = "key.revoke"

	SigningRotate = "signing.rotate"
	AuditRead     = "audit.read"

	OperatorCreate = "operator.create"
	OperatorList   = "operator.list"
	OperatorRemove = "operator.remove"
)

// Outcome of an operation.
type Outcome struct {
	ID       string     `json:"id,omitempty"`
	Password string     `json:"password,omitempty"` // made here, shown once
	Key      string     `json:"key,omitempty"`      // made here, shown once
	Keys     []auth.Key `json:"keys,omitempty"`

	Signing   *auth.SigningKey   `json:"signing,omitempty"`
	Imported  *auth.Imported     `json:"imported,omitempty"`
	Users     []json.RawMessage  `json:"users,omitempty"`
	Operators []auth.OperatorRow `json:"operators,omitempty"`
	Link      *auth.OperatorLink `json:"link,omitempty"` // made here, shown once
	URL       string             `json:"url,omitempty"`  // of the dashboard
	Next      string             `json:"next,omitempty"` // After for what follows; "": nothing
	Audit     []auth.AuditRow    `json:"audit,omitempty"`
}

// Operate does op.
func (a *App) Operate(ctx context.Context, op Operation) (*Outcome, error) {
	switch op.Name {
	case UserCreate:
		u, made, err := a.Auth.CreateUser(ctx, op.Email, op.Password, op.Roles)
		if err != nil {
			return nil, err
		}
		return &Outcome{ID: u.ID, Password: made}, nil
	case UserSetRole:
		u, err := a.Auth.SetRoles(ctx, op.Email, op.Roles)
		if err != nil {
			return nil, err
		}
		return &Outcome{ID: u.ID}, nil
	case UserErase:
		id, err := a.Auth.EraseUser(ctx, op.Email)
		if err != nil {
			return nil, err
		}
		return &Outcome{ID: id}, nil
	case UserImport:
		if op.Import == nil {
			op.Import = &auth.ImportOptions{}
		}
		r, err := a.Auth.Import(ctx, op.Users, *op.Import)
		if err != nil {
			return nil, err
		}
		return &Outcome{Imported: r}, nil
	case UserExport:
		users, next, err := a.Auth.Export(ctx, op.After, op.Hashes)
		if err != nil {
			return nil, err
		}
		return &Outcome{Users: users, Next: next}, nil
	case KeyCreate:
		key, k, err := a.Auth.CreateKey(ctx, op.Key, op.Scope, op.Life)
		if err != nil {
			return nil, err
		}
		return &Outcome{ID: k.ID, Key: key}, nil
	case KeyList:
		keys, err := a.Auth.ListKeys(ctx)
		if err != nil {
			return nil, err
		}
		return &Outcome{Keys: keys}, nil
	case KeyRevoke:
		k, err := a.Auth.RevokeKey(ctx, op.Key)
		if err != nil {
			return nil, err
		}
		return &Outcome{ID: k.ID}, nil
	case SigningRotate:
		k, err := a.Auth.RotateSigning(ctx, op.Now)
		if err != nil {
			return nil, err
		}
		return &Outcome{Signing: &k}, nil
	case AuditRead:
		var q auth.AuditQuery
		if op.Audit != nil {
			q = *op.Audit
		}
		rows, next, err := a.Auth.Audit(ctx, q)
		if err != nil {
			return nil, err
		}
		return &Outcome{Audit: rows, Next: next}, nil
	}
	return a.operateOperators(ctx, &op)
}

// operateOperators does what is asked about operators.
func (a *App) operateOperators(ctx context.Context, op *Operation) (*Outcome, error) {
	o := a.Auth.Operators()
	switch op.Name {
	case OperatorCreate:
		l, err := o.Invite(ctx, op.Email, "", true)
		if err != nil {
			return nil, err
		}
		return &Outcome{ID: l.ID, Link: l, URL: a.DashboardURL()}, nil
	case OperatorList:
		rows, err := o.List(ctx)
		return &Outcome{Operators: rows}, err
	case OperatorRemove:
		return &Outcome{}, o.Remove(ctx, op.Email, "")
	}
	return nil, hutch.Errorf(hutch.Unimplemented, "no operation %q", op.Name)
}
