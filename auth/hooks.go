package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
)

// The events that the app's functions judge, and those they hear of.
const (
	BeforeSignUp = "beforeSignUp" // an account is about to be made by who will own it
	BeforeSignIn = "beforeSignIn" // a session is about to begin, whatever the way in
	BeforeToken  = "beforeToken"  // an access token is about to be made, also by a refresh
	AfterSignUp  = "afterSignUp"  // an account can be used from now on
	AfterDelete  = "afterDelete"  // an account is gone
)

// Hooks are the functions around sign-in.
type Hooks interface {
	// Before gives those that judge an event, in their order.
	Before(event string) []Hook
	// After names those that hear of an event.
	After(event string) []string
}

// Hook is one function that judges.
type Hook struct {
	Name string
	// Run gives what the function returned, nil for nothing. An error refuses.
	Run func(ctx context.Context, e HookEvent) (json.RawMessage, error)
}

// HookEvent is what a function is told; nothing in it is a secret.
type HookEvent struct {
	Type     string          `json:"type"`
	User     *User           `json:"user"`
	Method   string          `json:"method,omitempty"`   // of amr: password, otp, oauth, recovery..
	Provider string          `json:"provider,omitempty"` // email, or the name of a provider
	IP       string          `json:"ip,omitempty"`       // of sign-up and sign-in
	Session  string          `json:"session,omitempty"`  // of a token
	AAL      string          `json:"aal,omitempty"`      // of a token
	Claims   json.RawMessage `json:"claims,omitempty"`   // what the functions before added
}

// errHook is a cause of all that hooks refuse, whatever code they give it.
var errHook = errors.New("a function refused")

func (s *Service) before(event string) []Hook {
	if s.o.Hooks == nil {
		return nil
	}
	return s.o.Hooks.Before(event)
}

// run asks one function. Whatever goes wrong refuses.
func (h *Hook) run(ctx context.Context, e HookEvent) (fields, error) {
	out, err := h.Run(ctx, e)
	if err != nil {
		refused := *hutch.AsError(err)
		refused.Err = errors.Join(errHook, err)
		return nil, &refused
	}
	if out = bytes.TrimSpace(out); len(out) == 0 || string(out) == "null" {
		return nil, nil
	}
	f := fields{}
	if out[0] != '{' || json.Unmarshal(out, &f) != nil {
		return nil, h.wrong("gave no object")
	}
	return f, nil
}

// wrong is an answer that cannot be taken: it is the app's fault, not the user's.
func (h *Hook) wrong(why string) *hutch.Error {
	return &hutch.Error{Code: hutch.Internal, Message: "function " + h.Name + " " + why, Err: errHook}
}

// only refuses keys of an answer that mean nothing.
func (h *Hook) only(f fields, names ...string) error {
	for name := range f {
		if !slices.Contains(names, name) {
			return h.wrong("may give " + strings.Join(names, " and ") + ", not " + name)
		}
	}
	return nil
}

// judgeSignUp asks beforeSignUp about an account that is about to be made; what
// the functions give becomes its metadata.
func (s *Service) judgeSignUp(ctx context.Context, u *userDoc, how mailEntry, c Client) error {
	return s.judgeUser(ctx, BeforeSignUp, u, how, c)
}

func (s *Service) judgeUser(ctx context.Context, event string, u *userDoc, how mailEntry, c Client) error {
	for _, h := range s.before(event) {
		f, err := h.run(ctx, HookEvent{
			Type: event, User: showUser(u), Method: how.amr(), Provider: how.way(), IP: c.address(),
		})
		if err != nil {
			return s.refused(event, &h, u, err)
		}
		if err = h.change(u, f); err != nil {
			return s.refused(event, &h, u, err)
		}
	}
	return nil
}

// change merges the metadata of an answer into u.
func (h *Hook) change(u *userDoc, f fields) error {
	if err := h.only(f, "app_metadata", "user_metadata"); err != nil {
		return err
	}
	app, err := f.object("app_metadata")
	if err != nil {
		return h.wrong("gave app_metadata that is no object")
	}
	for _, name := range []string{"roles", "provider", "providers"} {
		if _, ok := app[name]; ok {
			return h.wrong("may not set app_metadata." + name)
		}
	}
	meta, err := f.object("user_metadata")
	if err != nil {
		return h.wrong("gave user_metadata that is no object")
	}
	n := *u
	if n.App, err = mergeMetadata(u.App, app); err != nil || checkApp(&n) != nil {
		return h.wrong("gave app_metadata of more than 4 KiB")
	}
	if n.Meta, err = metadata(u.Meta, meta); err != nil {
		return h.wrong("gave user_metadata of more than 4 KiB")
	}
	u.App, u.Meta = n.App, n.Meta
	return nil
}

// refused notes why nobody got in.
func (s *Service) refused(event string, h *Hook, u *userDoc, err error) error {
	s.o.Log.Warn("a function refused", slog.String("event", event), slog.String("function", h.Name),
		slog.String("user", u.ID), slog.Any("error", err))
	return err
}

// reservedClaims are never a function's to set: those of S31, and what else an
// access token says.
var reservedClaims = []string{
	"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "role", "roles", "aal", "amr", "session_id", "email",
	"is_anonymous", "app_metadata", "user_metadata", "provider", "providers", "phone", "email_verified", "act", "cnf",
	"__proto__",
}

// judgeToken asks beforeToken before a token of d is made and keeps the claims it
// adds on d, which the caller commits. Every way to a token passes here: issue
// refuses a session that has not.
func (s *Service) judgeToken(ctx context.Context, u *userDoc, d *sessionDoc) error {
	claims := fields{}
	for _, h := range s.before(BeforeToken) {
		e := HookEvent{
			Type: BeforeToken, User: showUser(u), Method: d.Method, Provider: d.provider(), Session: d.ID, AAL: aalOf(u, d),
		}
		var err error
		if e.Claims, err = json.Marshal(claims); err != nil {
			return hutch.Errorf(hutch.Internal, "encoding claims: %w", err)
		}
		f, err := h.run(ctx, e)
		if err == nil {
			err = h.claim(u, f, claims)
		}
		if err != nil {
			return s.refused(BeforeToken, &h, u, err)
		}
	}
	d.Claims, d.judged = "", true
	if len(claims) == 0 {
		return nil
	}
	js, err := json.Marshal(claims)
	if err != nil {
		return hutch.Errorf(hutch.Internal, "encoding claims: %w", err)
	}
	d.Claims = string(js)
	return nil
}

// claim adds the claims of an answer to those of the functions before.
func (h *Hook) claim(u *userDoc, f, claims fields) error {
	if err := h.only(f, "claims"); err != nil {
		return err
	}
	more, err := f.object("claims")
	if err != nil {
		return h.wrong("gave claims that are no object")
	}
	for name, v := range more {
		switch {
		case slices.ContainsFunc(reservedClaims, func(r string) bool { return strings.EqualFold(r, name) }):
			return h.wrong("may not set the claim " + name)
		case name == "" || strings.HasPrefix(name, "$"):
			return h.wrong("gave a claim without a proper name")
		case !plainJSON(v):
			return h.wrong("gave a claim that is no plain JSON: " + name).WithHint("dates and bytes go as text")
		case string(v) == "null":
			delete(claims, name)
		default:
			claims[name] = v
		}
	}
	all, dropped := claimsOf(withClaims(appMetadata(u), claims))
	if len(dropped) > 0 {
		return h.wrong("gave a number that is not exact")
	}
	if len(all) > maxMetadata {
		return h.wrong("gave claims of more than 4 KiB, with app_metadata")
	}
	return nil
}

// plainJSON reports whether no object in v is a tagged value.
func plainJSON(v json.RawMessage) bool {
	var x any
	if json.Unmarshal(v, &x) != nil {
		return false
	}
	return untagged(x)
}

func untagged(x any) bool {
	switch x := x.(type) {
	case map[string]any:
		for k, e := range x {
			if strings.HasPrefix(k, "$") || !untagged(e) {
				return false
			}
		}
	case []any:
		return !slices.ContainsFunc(x, func(e any) bool { return !untagged(e) })
	}
	return true
}

// withClaims lays a session's claims over app_metadata: auth.claims of rules.
func withClaims(app json.RawMessage, claims fields) json.RawMessage {
	if len(claims) == 0 {
		return app
	}
	m := fields{}
	if json.Unmarshal(app, &m) != nil {
		return app
	}
	maps.Copy(m, claims)
	out, err := json.Marshal(m)
	if err != nil {
		return app
	}
	return out
}

// claims are those that functions added to the session.
func (d *sessionDoc) claims() fields {
	if d.Claims == "" {
		return nil
	}
	f := fields{}
	if json.Unmarshal([]byte(d.Claims), &f) != nil {
		return nil
	}
	return f
}
