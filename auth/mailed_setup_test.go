package auth_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// post keeps the mails that jobs send.
type post struct {
	mu  sync.Mutex // guards got
	got []auth.Mail
}

func (p *post) Send(_ context.Context, m auth.Mail) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, m)
	return nil
}

// mailBench is a bench whose mails arrive.
type mailBench struct {
	*bench
	post *post
}

func mailSetup(t testing.TB, edit ...func(*auth.Options)) *mailBench {
	t.Helper()
	p := &post{}
	first := func(o *auth.Options) {
		o.Mail = auth.MailOptions{Mailer: p, Confirm: true, MagicLinks: true, NoticeMails: true}
		var err error
		if o.Redirects, err = auth.ParseRedirects([]string{"https://app.example/**"}); err != nil {
			t.Fatal(err)
		}
		o.Limits.MailsPerAddress, o.Limits.MailsPerDay, o.Limits.MailsPerNetwork = 1000, 1000, 1000
		o.Limits.SignupsPerNetwork = 1000
	}
	return &mailBench{bench: setup(t, append([]func(*auth.Options){first}, edit...)...), post: p}
}

// mails runs the jobs that wait and gives what they sent, oldest first.
func (b *mailBench) mails() []auth.Mail {
	b.t.Helper()
	b.store.mu.Lock()
	jobs := maps.Clone(b.store.docs["_jobs"])
	for id := range jobs {
		b.store.put("_jobs", id, nil)
	}
	b.store.mu.Unlock()
	for _, d := range jobs {
		if d.Lookup("kind").StringValue() != auth.MailJob {
			b.t.Fatalf("a job of kind %s", d.Lookup("kind"))
		}
		if err := b.SendMail(b.t.Context(), []byte(d.Lookup("payload").Document())); err != nil {
			b.t.Fatal(err)
		}
	}
	b.post.mu.Lock()
	defer b.post.mu.Unlock()
	got := b.post.got
	b.post.got = nil
	slices.SortFunc(got, func(a, b auth.Mail) int { return strings.Compare(a.Kind+a.To, b.Kind+b.To) })
	return got
}

// mail is the one mail that was sent.
func (b *mailBench) mail(kind, to string) auth.Mail {
	b.t.Helper()
	got := b.mails()
	if len(got) != 1 || got[0].Kind != kind || got[0].To != to {
		b.t.Fatalf("mails %+v, want one of %s to %s", got, kind, to)
	}
	return got[0]
}

func linkOf(t testing.TB, m auth.Mail) auth.LandingRequest {
	t.Helper()
	u, err := url.Parse(m.Link)
	if err != nil || !strings.HasPrefix(m.Link, "https://shop.example/auth/v1/verify?") {
		t.Fatalf("link %q", m.Link)
	}
	q := u.Query()
	return auth.LandingRequest{Type: q.Get("type"), Token: q.Get("token"), RedirectTo: q.Get("redirect_to")}
}

func (b *mailBench) signupAs(n byte, address, pw string, extra ...string) *auth.User {
	b.t.Helper()
	body := `{"email":"` + address + `","password":"` + pw + `"` + strings.Join(extra, "") + `}`
	r, err := auth.ParseSignup([]byte(body))
	if err != nil {
		b.t.Fatal(err)
	}
	s, err := b.Signup(b.t.Context(), r, here(n))
	if err != nil {
		b.t.Fatal(err)
	}
	if s.AccessToken != "" || s.RefreshToken != "" {
		b.t.Fatal("a sign-up that waits for its mail signs in")
	}
	return s.User
}

func (b *mailBench) verify(n byte, r auth.VerifyRequest) (*auth.Session, error) {
	return b.VerifyMailed(b.t.Context(), r, here(n))
}

func (b *mailBench) code(n byte, kind, address, code string) (*auth.Session, error) {
	return b.verify(n, auth.VerifyRequest{Type: kind, Email: address, Token: code})
}

// confirmed makes a confirmed account of password and signs it in.
func (b *mailBench) confirmed(n byte, address string) *auth.Session {
	b.t.Helper()
	b.signupAs(n, address, password)
	s, err := b.code(n, "signup", address, b.mail(auth.MailConfirm, address).Code)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *mailBench) otp(n byte, body string) error {
	r, err := auth.ParseRecover([]byte(body))
	if err != nil {
		return err
	}
	return b.MagicLink(b.t.Context(), r, here(n))
}

func (b *mailBench) recover(n byte, address string) {
	b.t.Helper()
	if err := b.Recover(b.t.Context(), auth.RecoverRequest{Email: address}, here(n)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *mailBench) signIn(n byte, address, pw string) (*auth.Session, error) {
	return b.SignIn(b.t.Context(), auth.PasswordRequest{Email: address, Password: pw}, here(n))
}

func (b *mailBench) put(n byte, token, body string) (*auth.User, error) {
	r, err := auth.ParseUpdate([]byte(body))
	if err != nil {
		return nil, err
	}
	return b.UpdateUser(b.t.Context(), bearer(token), r, here(n))
}

func (b *mailBench) codeIs(err error, want hutch.Code) {
	b.t.Helper()
	if got := hutch.CodeOf(err); err == nil || got != want {
		b.t.Errorf("got %v, want %s", err, want)
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	js, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(js)
}
