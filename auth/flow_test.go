package auth_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// linkCode asks for a magic link as a client with a verifier, and posts its page.
func (b *mailBench) linkCode() (code string, link auth.LandingRequest) {
	b.t.Helper()
	if err := b.otp(1, `{"email":"ann@shop.example"`+pkce+`}`); err != nil {
		b.t.Fatal(err)
	}
	link = linkOf(b.t, b.mail(auth.MailMagicLink, "ann@shop.example"))
	return b.follow(link), link
}

func (b *mailBench) follow(link auth.LandingRequest) (code string) {
	b.t.Helper()
	to, err := b.Follow(b.t.Context(), link, here(1))
	if err != nil {
		b.t.Fatal(err)
	}
	return query(b.t, to).Get("code")
}

func (b *mailBench) pkce(ctx context.Context, n byte, code, verifier string) (*auth.Session, error) {
	return b.Token(ctx, "pkce", []byte(`{"auth_code":"`+code+`","code_verifier":"`+verifier+`"}`), here(n))
}

// TestS35CodesOfLinksInParallel: a code that a wrong verifier ends while another
// trades it is gone for that one too, at once.
func TestS35CodesOfLinksInParallel(t *testing.T) {
	for range 20 {
		b := mailSetup(t)
		code, _ := b.linkCode()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := make(chan struct{})
		var wg sync.WaitGroup
		var won atomic.Int32
		for i := range 20 {
			wg.Go(func() {
				verifier := pkceVerifier
				if i%3 == 0 {
					verifier = strings.Repeat("x", 43)
				}
				<-start
				switch _, err := b.pkce(ctx, 1, code, verifier); hutch.CodeOf(err) {
				case "":
					won.Add(1)
				case hutch.BadCodeVerifier, hutch.FlowStateNotFound:
				default:
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
		if n := b.store.count("_sessions"); won.Load() > 1 || n != int(won.Load()) {
			t.Fatalf("%d of 20 succeed, %d sessions", won.Load(), n)
		}
	}
}

// TestS35ACodeThatEndsUnderATrade loses the race on purpose: the code is gone
// when the trade commits, the link is not.
func TestS35ACodeThatEndsUnderATrade(t *testing.T) {
	b := mailSetup(t)
	code, _ := b.linkCode()
	var once sync.Once
	b.store.mu.Lock()
	b.store.fail = func(coll string) error { // is called with the lock held
		if coll == "_sessions" || coll == "_users" || coll == "_otps" {
			once.Do(func() {
				for id := range b.store.docs["_otps"] {
					if strings.HasPrefix(id, "mail_code:") {
						b.store.put("_otps", id, nil)
					}
				}
			})
		}
		return nil
	}
	b.store.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := b.pkce(ctx, 1, code, pkceVerifier)
	b.codeIs(err, hutch.FlowStateNotFound)
	if n := b.store.count("_sessions"); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// TestS35ALinkHasOneCode: each post of its page ends the code of the one before.
func TestS35ALinkHasOneCode(t *testing.T) {
	b := mailSetup(t)
	old, link := b.linkCode()
	before := b.store.count("_otps")
	last := old
	for range 50 {
		code := b.follow(link)
		if code == last {
			t.Fatal("the same code again")
		}
		last = code
	}
	if n := b.store.count("_otps"); n != before {
		t.Errorf("%d documents, want %d", n, before)
	}
	if n := strings.Count(b.store.all(), "_otps mail_code:"); n != 1 {
		t.Errorf("%d codes, want 1", n)
	}
	_, err := b.pkce(t.Context(), 1, old, strings.Repeat("x", 43))
	b.codeIs(err, hutch.FlowStateNotFound)
	_, err = b.pkce(t.Context(), 1, old, pkceVerifier)
	b.codeIs(err, hutch.FlowStateNotFound)
	if s, err := b.pkce(t.Context(), 1, last, pkceVerifier); err != nil || s.AccessToken == "" {
		t.Errorf("the last code: %v", err)
	}
}

// TestTradesAreCounted: by network, the codes of links as those of providers.
func TestTradesAreCounted(t *testing.T) {
	b := mailSetup(t)
	n := 0
	for ; n < 700; n++ {
		_, err := b.pkce(t.Context(), 7, "no such code", pkceVerifier)
		if hutch.CodeOf(err) == hutch.OverRequestRateLimit {
			break
		}
		if hutch.CodeOf(err) != hutch.FlowStateNotFound {
			t.Fatal(err)
		}
	}
	if n != 600 {
		t.Errorf("%d trades an hour", n)
	}
}
