package auth_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// judges are the app's functions: one an event, or none where it is not set.
type judges struct {
	mu     sync.Mutex // guards the rest
	before map[string]func(auth.HookEvent) (string, error)
	after  map[string][]string
	asked  []auth.HookEvent
}

func (j *judges) Before(event string) []auth.Hook {
	j.mu.Lock()
	defer j.mu.Unlock()
	f := j.before[event]
	if f == nil {
		return nil
	}
	return []auth.Hook{{Name: "judge", Run: func(_ context.Context, e auth.HookEvent) (json.RawMessage, error) {
		j.mu.Lock()
		j.asked = append(j.asked, e)
		j.mu.Unlock()
		out, err := f(e)
		return json.RawMessage(out), err
	}}}
}

func (j *judges) After(event string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.after[event]
}

// set replaces the function of an event.
func (j *judges) set(event string, f func(auth.HookEvent) (string, error)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.before == nil {
		j.before = map[string]func(auth.HookEvent) (string, error){}
	}
	j.before[event] = f
}

func (j *judges) gives(event, answer string) {
	j.set(event, func(auth.HookEvent) (string, error) { return answer, nil })
}

func (j *judges) refuses(event string, code hutch.Code) {
	j.set(event, func(auth.HookEvent) (string, error) { return "", &hutch.Error{Code: code, Message: "not you"} })
}

// events gives what was asked since the last call.
func (j *judges) events() []auth.HookEvent {
	j.mu.Lock()
	defer j.mu.Unlock()
	got := j.asked
	j.asked = nil
	return got
}

func typesOf(es []auth.HookEvent) string {
	var names []string
	for _, e := range es {
		names = append(names, e.Type)
	}
	return strings.Join(names, " ")
}

// hooked is a bench with mail, a provider and functions.
type hooked struct {
	*mailBench
	*judges
	idp *idp
}

func hookSetup(t testing.TB, edit ...func(*auth.Options)) *hooked {
	t.Helper()
	h := &hooked{judges: &judges{}, idp: &idp{}}
	h.mailBench = mailSetup(t, append([]func(*auth.Options){func(o *auth.Options) {
		o.Hooks, o.Providers = h.judges, auth.Providers{"corp": h.idp}
	}}, edit...)...)
	return h
}

func direct(o *auth.Options) { o.Mail.Confirm = false }

// afters opens the jobs that wait for functions.
func (h *hooked) afters() []*auth.After {
	h.t.Helper()
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	var out []*auth.After
	for id, d := range h.store.docs["_jobs"] {
		if d.Lookup("kind").StringValue() != auth.AfterJob {
			continue
		}
		delete(h.store.docs["_jobs"], id)
		a, err := h.OpenAfter([]byte(d.Lookup("payload").Document()))
		if err != nil {
			h.t.Fatal(err)
		}
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *auth.After) int { return strings.Compare(a.Function, b.Function) })
	return out
}

// way is a way in: prepare leaves all but the last request to be done.
type way struct {
	name    string
	signsUp bool   // with the last request
	method  string // what functions hear
	prepare func(h *hooked) func() (*auth.Session, error)
}

func ways() []way {
	const ann = "ann@shop.example"
	account := func(h *hooked) {
		u, err := h.AddUser(h.t.Context(), bearer(h.adminKey()), []byte(`{"email":"`+ann+`","password":"`+password+`","email_confirm":true}`))
		if err != nil {
			h.t.Fatal(u, err)
		}
	}
	return []way{
		{"a sign-up", true, "password", func(h *hooked) func() (*auth.Session, error) {
			return func() (*auth.Session, error) {
				return h.Signup(h.t.Context(), auth.SignupRequest{Email: ann, Password: password}, here(1))
			}
		}},
		{"a password", false, "password", func(h *hooked) func() (*auth.Session, error) {
			account(h)
			return func() (*auth.Session, error) { return h.signIn(1, ann, password) }
		}},
		{"a mailed code", false, "otp", func(h *hooked) func() (*auth.Session, error) {
			account(h)
			if err := h.otp(1, `{"email":"`+ann+`"}`); err != nil {
				h.t.Fatal(err)
			}
			m := h.mail(auth.MailMagicLink, ann)
			return func() (*auth.Session, error) { return h.code(1, "email", ann, m.Code) }
		}},
		{"a mailed link", false, "otp", func(h *hooked) func() (*auth.Session, error) {
			account(h)
			if err := h.otp(1, `{"email":"`+ann+`"}`); err != nil {
				h.t.Fatal(err)
			}
			m := linkOf(h.t, h.mail(auth.MailMagicLink, ann))
			return func() (*auth.Session, error) {
				return h.verify(1, auth.VerifyRequest{Type: m.Type, TokenHash: m.Token})
			}
		}},
		{"a recovery", false, "recovery", func(h *hooked) func() (*auth.Session, error) {
			account(h)
			h.recover(1, ann)
			m := linkOf(h.t, h.mail(auth.MailRecover, ann))
			return func() (*auth.Session, error) {
				return h.verify(1, auth.VerifyRequest{Type: m.Type, TokenHash: m.Token})
			}
		}},
		{"an invitation", false, "otp", func(h *hooked) func() (*auth.Session, error) {
			if _, err := h.Invite(h.t.Context(), ann, nil, ""); err != nil {
				h.t.Fatal(err)
			}
			m := linkOf(h.t, h.mail(auth.MailInvite, ann))
			return func() (*auth.Session, error) {
				return h.verify(1, auth.VerifyRequest{Type: m.Type, TokenHash: m.Token})
			}
		}},
		{"a provider, first", true, "oauth", func(h *hooked) func() (*auth.Session, error) {
			h.idp.who = someone("1", ann, true)
			return h.elsewhere
		}},
		{"a provider, again", false, "oauth", func(h *hooked) func() (*auth.Session, error) {
			h.idp.who = someone("1", ann, true)
			if _, err := h.elsewhere(); err != nil {
				h.t.Fatal(err)
			}
			return h.elsewhere
		}},
		{"an id_token", true, "oauth", func(h *hooked) func() (*auth.Session, error) {
			h.idp.who = someone("1", ann, true)
			return func() (*auth.Session, error) { return h.idToken("a.b.c") }
		}},
		{"a linked provider", false, "password", func(h *hooked) func() (*auth.Session, error) {
			account(h)
			s, err := h.signIn(1, ann, password)
			if err != nil {
				h.t.Fatal(err)
			}
			h.idp.who = someone("2", "", false)
			return func() (*auth.Session, error) { return h.signedLink(s) }
		}},
		{"an anonymous sign-up", true, "anonymous", func(h *hooked) func() (*auth.Session, error) {
			return func() (*auth.Session, error) { return h.nobody(here(1)) }
		}},
		{"an anonymous user's address", true, "otp", func(h *hooked) func() (*auth.Session, error) {
			m := h.asks(1, h.anonymous(), `{"email":"`+ann+`"}`)
			return func() (*auth.Session, error) { return h.code(9, "email_change", m.To, m.Code) }
		}},
		{"an anonymous user's provider", true, "oauth", func(h *hooked) func() (*auth.Session, error) {
			s := h.anonymous()
			h.idp.who = someone("3", ann, true)
			return func() (*auth.Session, error) { return h.signedLink(s) }
		}},
		{"a passkey", false, "passkey", func(h *hooked) func() (*auth.Session, error) {
			account(h)
			s, err := h.signIn(1, ann, password)
			if err != nil {
				h.t.Fatal(err)
			}
			d := newDevice(h.t, -7)
			h.mustAdd(s, d)
			return func() (*auth.Session, error) { return h.enter(d) }
		}},
		{"the app's own backend", false, "custom", func(h *hooked) func() (*auth.Session, error) {
			account(h)
			key := bearer(h.adminKey())
			return func() (*auth.Session, error) {
				return h.SignInFor(h.t.Context(), key, []byte(`{"user":"`+ann+`"}`), here(1))
			}
		}},
		{"a confirmed sign-up", false, "otp", func(h *hooked) func() (*auth.Session, error) {
			link, err := h.GenerateLink(h.t.Context(), bearer(h.adminKey()), []byte(`{"type":"signup","email":"`+ann+`","password":"`+password+`"}`), "")
			if err != nil {
				h.t.Fatal(err)
			}
			return func() (*auth.Session, error) {
				return h.verify(1, auth.VerifyRequest{Type: "signup", TokenHash: link.HashedToken, Password: password})
			}
		}},
		{"a second factor", false, "", func(h *hooked) func() (*auth.Session, error) {
			s, f := h.withFactor(ann)
			again, err := h.signIn(1, ann, password)
			if err != nil {
				h.t.Fatal(s.User.ID, err)
			}
			return func() (*auth.Session, error) {
				h.clock.add(time.Minute)
				return f.prove(again, f.code(0))
			}
		}},
		{"a recovery code", false, "", func(h *hooked) func() (*auth.Session, error) {
			s, _ := h.withFactor(ann)
			codes := h.codes(s)
			again, err := h.signIn(1, ann, password)
			if err != nil {
				h.t.Fatal(err)
			}
			return func() (*auth.Session, error) { return h.useCode(again, codes[0]) }
		}},
		{"a refresh", false, "", func(h *hooked) func() (*auth.Session, error) {
			account(h)
			s, err := h.signIn(1, ann, password)
			if err != nil {
				h.t.Fatal(err)
			}
			return func() (*auth.Session, error) { return h.refresh(s.RefreshToken) }
		}},
	}
}

// adminKey is a key of scope auth.
func (h *hooked) adminKey() string {
	h.t.Helper()
	key, _, err := h.CreateKey(h.t.Context(), "back office", hutch.ScopeAuth, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	return key
}
