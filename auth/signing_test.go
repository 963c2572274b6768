package auth_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

const day = 24 * time.Hour

// kids are the keys of JWKS.
func kids(t *testing.T, s *auth.Service) (out []string) {
	t.Helper()
	js, err := s.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(js, &set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		if !k.IsPublic() || k.Algorithm != "ES256" || k.Use != "sig" || strings.Contains(string(js), `"d"`) {
			t.Fatalf("key: %+v", k)
		}
		out = append(out, k.KeyID)
	}
	return out
}

func kid(t *testing.T, token string) string {
	t.Helper()
	sig, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	return sig.Signatures[0].Protected.KeyID
}

func TestS40AForeignMasterKeyDoesNotStart(t *testing.T) {
	b := setup(t)
	o := b.opts
	o.MasterKey[31]++
	if _, err := auth.New(t.Context(), o); err == nil || !strings.Contains(err.Error(), auth.ErrMasterKey.Error()) {
		t.Errorf("got %v", err)
	}
	if _, err := auth.New(t.Context(), b.opts); err != nil {
		t.Errorf("the right key: %v", err)
	}
}

func TestS40NothingInClearInTheStore(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	key, _, err := b.CreateKey(t.Context(), "ci", "data", 0)
	if err != nil {
		t.Fatal(err)
	}
	all := b.store.all()
	for name, secret := range map[string]string{
		"the password": password, "an access token": s.AccessToken, "a refresh token": s.RefreshToken, "a service key": key,
		"a PKCS #8 header": "\x30\x81\x87\x02\x01\x00\x30\x13", "an EC private key": "\x30\x77\x02\x01\x01\x04\x20",
	} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is stored in clear", name)
		}
	}
	sum := sha256.Sum256([]byte(key))
	if !strings.Contains(all, string(sum[:])) && !strings.Contains(all, hex.EncodeToString(sum[:])) {
		t.Error("the key is not stored as its hash")
	}
	t.Run("a seal belongs to its document", func(t *testing.T) {
		var refresh, signing string
		for id := range b.store.docs["_signing"] {
			if id == "refresh" {
				refresh = id
			} else {
				signing = id
			}
		}
		moved := b.store.docs["_signing"][signing].Lookup("sealed")
		b.store.put("_signing", "refresh", withSealed(t, b.store.docs["_signing"][refresh], moved))
		if _, err := auth.New(t.Context(), b.opts); err == nil {
			t.Error("a moved seal opens")
		}
	})
}

func TestS40TwoNodesThatStartAtOnceShareTheKeys(t *testing.T) {
	b := setup(t)
	o := b.opts
	store := newMemory()
	o.System, o.Feed = store, nil
	nodes := make([]*auth.Service, 8)
	var wg sync.WaitGroup
	for i := range nodes {
		wg.Go(func() {
			var err error
			if nodes[i], err = auth.New(t.Context(), o); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	for _, n := range nodes {
		if got := kids(t, n); len(got) != 1 || got[0] != kids(t, nodes[0])[0] {
			t.Errorf("keys: %v", got)
		}
	}
	s, err := nodes[0].Signup(t.Context(), auth.SignupRequest{Email: "ann@shop.example", Password: password}, here(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nodes[7].Refresh(t.Context(), auth.RefreshRequest{RefreshToken: s.RefreshToken}); err != nil {
		t.Error(err)
	}
}

func TestS93KeysRotate(t *testing.T) {
	b := setup(t)
	other := b.node()
	first := b.signup("ann@shop.example")
	old := kid(t, first.AccessToken)
	step := func(d time.Duration) {
		b.clock.add(d)
		b.store.progress(t, b.clock.Now())
		if err := b.Maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.store.settle(t)
		until(t, func() bool { return len(kids(t, other)) == len(kids(t, b.Service)) })
	}
	step(88 * day)
	if got := kids(t, b.Service); len(got) != 1 {
		t.Fatalf("88 days: %v", got)
	}
	step(day)
	published := kids(t, b.Service)
	if len(published) != 2 {
		t.Fatalf("89 days: the next key is published: %v", published)
	}
	next := published[1]
	last := b.signinOK("ann@shop.example")
	if kid(t, last.AccessToken) != old {
		t.Error("a key signs on the day it is published")
	}
	step(day - time.Second)
	if s := b.signinOK("ann@shop.example"); kid(t, s.AccessToken) != old {
		t.Error("a key signs before its time")
	} else {
		last = s
	}
	step(time.Second)
	fresh := b.signinOK("ann@shop.example")
	if kid(t, fresh.AccessToken) != next {
		t.Error("90 days: the old key still signs")
	}
	for _, n := range []*auth.Service{b.Service, other} {
		for _, s := range []*auth.Session{last, fresh} {
			if _, _, err := n.Verify(t.Context(), s.AccessToken); err != nil {
				t.Errorf("a live token: %v", err)
			}
		}
	}
	step(15 * time.Minute)
	if got := kids(t, b.Service); len(got) != 2 {
		t.Errorf("the last token of the old key has just ended: %v", got)
	}
	heard := b.heardAll()
	step(2 * time.Minute)
	if got := kids(t, b.Service); len(got) != 1 || got[0] != next {
		t.Errorf("a key that can sign no live token stays: %v", got)
	}
	if b.store.count("_signing") != 2 {
		t.Errorf("%d documents of keys, want the refresh key and one", b.store.count("_signing"))
	}
	if !heard() {
		t.Error("the removal of a key is told to nobody")
	}
	// Switched off for long: the old key goes on until the next was published for a day.
	step(200 * day)
	if s := b.signinOK("ann@shop.example"); kid(t, s.AccessToken) != next || len(kids(t, b.Service)) != 2 {
		t.Error("after a long pause a key signs unpublished")
	}
}

func (b *bench) heardAll() func() bool {
	var mu sync.Mutex
	all := false
	b.t.Cleanup(b.Watch(func(c auth.Change) {
		mu.Lock()
		defer mu.Unlock()
		all = all || c.All
	}))
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func TestS93OneOfManyNodesRotates(t *testing.T) {
	b := setup(t)
	nodes := []*auth.Service{b.Service, b.node(), b.node(), b.node()}
	b.clock.add(90 * day)
	b.store.progress(t, b.clock.Now())
	var wg sync.WaitGroup
	for _, n := range nodes {
		wg.Go(func() {
			if err := n.Maintain(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := b.store.count("_signing"); n != 3 {
		t.Errorf("%d documents, want the refresh key and two keys", n)
	}
}

func TestS93ALongerLifeOfTokensKeepsTheKey(t *testing.T) {
	b := setup(t)
	o := b.opts
	o.Feed, o.Lifetimes.Access = nil, 2*time.Hour
	long, err := auth.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	b.clock.add(90 * day)
	if err = long.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.clock.add(day - time.Second)
	s, err := long.Signup(t.Context(), auth.SignupRequest{Email: "ann@shop.example", Password: password}, here(1))
	if err != nil {
		t.Fatal(err)
	}
	b.clock.add(time.Hour + 59*time.Minute)
	if err := long.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := long.Verify(t.Context(), s.AccessToken); err != nil {
		t.Errorf("a live token: %v", err)
	}
}

func TestS93JWKSProvesATokenForOthers(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	js, err := b.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err = json.Unmarshal(js, &set); err != nil {
		t.Fatal(err)
	}
	sig, err := jose.ParseSignedCompact(s.AccessToken, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sig.Verify(set.Key(kid(t, s.AccessToken))[0]); err != nil {
		t.Error(err)
	}
}

func TestS15S95AddressesComeFromThePublicURLAlone(t *testing.T) {
	b := setup(t, func(o *auth.Options) { o.PublicURL = func() string { return "https://shop.example/" } })
	d := b.Discovery()
	if d.Issuer != "https://shop.example" || d.JWKSURI != "https://shop.example/.well-known/jwks.json" {
		t.Errorf("discovery: %+v", d)
	}
	js, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if n, m := strings.Count(string(js), "://"), strings.Count(string(js), `"https://shop.example`); n != m {
		t.Errorf("foreign addresses: %s", js)
	}
	if iss := claims(t, b.signup("ann@shop.example").AccessToken)["iss"]; iss != d.Issuer {
		t.Errorf("iss %v", iss)
	}
}

func TestPublicAnswers(t *testing.T) {
	b := setup(t)
	js, err := json.Marshal([]any{b.Settings(), b.Health()})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(js), hutch.Version) {
		t.Errorf("strangers learn the version: %s", js)
	}
	if !b.Settings().External["email"] || b.Settings().DisableSignup || !b.Settings().MailerAutoconfirm {
		t.Errorf("settings: %s", js)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	b := setup(t)
	s, err := auth.New(t.Context(), b.opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
