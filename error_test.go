package hutch_test

import (
	"errors"
	"io"
	"testing"

	"github.com/hutch-dev/hutch"
)

func TestErrorKeepsItsCauseToItself(t *testing.T) {
	e := hutch.Errorf(hutch.Unavailable, "reading %s: %w", "it", io.ErrUnexpectedEOF)
	if e.Message != "reading it" {
		t.Errorf("message %q shows the cause", e.Message)
	}
	if !errors.Is(e, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
}

func TestErrorAt(t *testing.T) {
	for _, c := range []struct{ field, at, want string }{
		{"", "writes[3]", "writes[3]"},
		{"data.price", "writes[3]", "writes[3].data.price"},
		{"[0]", "writes", "writes[0]"},
	} {
		e := &hutch.Error{Code: hutch.InvalidArgument, Field: c.field}
		if got := e.At(c.at).Field; got != c.want {
			t.Errorf("%q at %q is %q, want %q", c.field, c.at, got, c.want)
		}
	}
}

func TestCodesAreKnownOnce(t *testing.T) {
	seen := map[hutch.Code]bool{}
	for _, c := range hutch.Codes() {
		if seen[c.Code] || c.Status < 400 || c.About == "" {
			t.Errorf("%+v", c)
		}
		seen[c.Code] = true
		if c.Code.Status() != c.Status {
			t.Errorf("%s has status %d", c.Code, c.Code.Status())
		}
	}
	if hutch.CodeOf(io.EOF) != hutch.Internal || hutch.CodeOf(nil) != "" {
		t.Error("foreign errors are internal, no error has no code")
	}
}

func TestS47PrincipalsShareAKeyOnlyWhenRulesSeeThemEqual(t *testing.T) {
	a := hutch.Principal{Kind: hutch.User, UID: "u1", Roles: []string{"keeper"}}.Sealed()
	b := a
	b.SessionID = "other"
	if b.Sealed().Key != a.Key {
		t.Error("a session is nothing that rules see")
	}
	for name, change := range map[string]func(*hutch.Principal){
		"uid":      func(p *hutch.Principal) { p.UID = "u2" },
		"roles":    func(p *hutch.Principal) { p.Roles = nil },
		"verified": func(p *hutch.Principal) { p.EmailVerified = true },
		"claims":   func(p *hutch.Principal) { p.Claims = []byte(`{"org":"o1"}`) },
		"aal":      func(p *hutch.Principal) { p.AAL = "aal2" },
		"kind":     func(p *hutch.Principal) { p.Kind = hutch.Service },
	} {
		c := a
		change(&c)
		if c.Sealed().Key == a.Key {
			t.Errorf("a change of %s leaves the key", name)
		}
	}
}

func TestS3NoRoleBypassesRules(t *testing.T) {
	p := hutch.Principal{Kind: hutch.User, Role: "admin", Roles: []string{"admin", "operator", "system", "service_role"}, Scopes: []string{"data"}, Claims: []byte(`{"admin":true}`)}
	if p.Bypasses() {
		t.Error("a user bypasses rules")
	}
	if (&hutch.Principal{Kind: hutch.Service, Scopes: []string{hutch.ScopeOps}}).Bypasses() {
		t.Error("an ops key bypasses rules")
	}
	if !(&hutch.Principal{Kind: hutch.Service, Scopes: []string{hutch.ScopeData}}).Bypasses() {
		t.Error("a data key does not bypass rules")
	}
}

func TestS64SecretsDoNotShow(t *testing.T) {
	s := hutch.Secret("hunter2")
	text, _ := s.MarshalText()
	if s.String() != "REDACTED" || s.GoString() != "REDACTED" || string(text) != "REDACTED" || s.Reveal() != "hunter2" {
		t.Error("a secret shows")
	}
}
