package boot

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/functions"
)

// users plugs auth into functions: ctx.auth.
type users struct{ a *App }

var _ functions.Users = users{}

func (u users) Begin() functions.UserCall { return userCall{u.a.Auth, new(auth.ManagedCall)} }

// userCall plugs what a call keeps over its runs.
type userCall struct {
	auth *auth.Service
	call *auth.ManagedCall
}

func (c userCall) Manage(depth int) functions.UserChanges {
	return managed{c.auth.Manage(c.call, depth)}
}

// managed reads the arguments of ctx.auth.
type managed struct{ *auth.Managed }

// userArgs are those of all operations.
type userArgs struct {
	User       json.RawMessage `json:"user"`
	Query      json.RawMessage `json:"query"`
	Email      *string         `json:"email"`
	Data       json.RawMessage `json:"data"`
	RedirectTo string          `json:"redirectTo"`
	Roles      []string        `json:"roles"`
	Claims     json.RawMessage `json:"claims"`
	Until      json.RawMessage `json:"until"`
}

func badArg(field, why string) error {
	return &hutch.Error{Code: hutch.InvalidArgument, Field: field, Message: why}
}

// Do does an operation of functions.AuthOps.
func (m managed) Do(ctx context.Context, function, op string, in json.RawMessage) (json.RawMessage, error) {
	m.By = function
	var args userArgs
	if json.Unmarshal(in, &args) != nil {
		return nil, badArg("", "the arguments of "+op+" have other types")
	}
	out, err := m.do(ctx, op, &args)
	if err != nil {
		return nil, shared(err)
	}
	js, err := json.Marshal(out)
	if err != nil {
		return nil, hutch.Errorf(hutch.Internal, "encoding a user: %w", err)
	}
	return js, nil
}

func (m managed) do(ctx context.Context, op string, args *userArgs) (any, error) {
	switch op {
	case "auth.findUsers":
		query := args.Query
		if len(query) == 0 || string(query) == "null" {
			query = json.RawMessage("{}")
		}
		return m.Find(ctx, query)
	case "auth.createUser":
		return m.Create(ctx, args.User)
	case "auth.invite":
		var meta map[string]json.RawMessage
		if len(args.Data) > 0 && json.Unmarshal(args.Data, &meta) != nil {
			return nil, badArg("data", "data is an object")
		}
		if args.Email == nil {
			return nil, badArg("email", "the address is a string")
		}
		return m.Invite(ctx, *args.Email, meta, args.RedirectTo)
	}
	var who string
	if json.Unmarshal(args.User, &who) != nil || who == "" {
		return nil, badArg("user", "a user is named by id or address")
	}
	switch op {
	case "auth.getUser":
		u, err := m.User(ctx, who)
		if u == nil {
			return nil, err
		}
		return u, err
	case "auth.setRoles":
		if args.Roles == nil {
			return nil, badArg("roles", "roles are a list of words")
		}
		return m.SetRoles(ctx, who, args.Roles)
	case "auth.setClaims":
		return m.SetClaims(ctx, who, args.Claims)
	case "auth.ban":
		until, err := untilOf(args.Until)
		if err != nil {
			return nil, err
		}
		return m.Ban(ctx, who, until)
	case "auth.revoke":
		return nil, m.Revoke(ctx, who)
	}
	return nil, hutch.Errorf(hutch.Unimplemented, "no operation %q", op)
}

// sharedCodes are what functions see of codes that only /auth answers.
var sharedCodes = map[hutch.Code]hutch.Code{
	hutch.EmailExists: hutch.AlreadyExists, hutch.UserNotFound: hutch.NotFound, hutch.EmailProviderDisabled: hutch.FailedPrecondition,
	hutch.OverEmailSendRateLimit: hutch.ResourceExhausted, hutch.OverRequestRateLimit: hutch.ResourceExhausted,
}

func shared(err error) error {
	e := *hutch.AsError(err)
	for _, info := range hutch.Codes() {
		if info.Code != e.Code || !info.Auth {
			continue
		}
		if code, ok := sharedCodes[e.Code]; ok {
			e.Code = code
		} else {
			e.Code = hutch.InvalidArgument // of what was given: validation_failed, weak_password
		}
		return &e
	}
	return err
}

// untilOf reads the end of a ban, a date; null lifts it.
func untilOf(raw json.RawMessage) (time.Time, error) {
	if string(raw) == "null" {
		return time.Time{}, nil
	}
	var d struct {
		Date *time.Time `json:"$date"`
	}
	if json.Unmarshal(raw, &d) != nil || d.Date == nil || d.Date.IsZero() {
		return time.Time{}, badArg("until", "until is a Date, or null to lift the ban")
	}
	return *d.Date, nil
}
