package auth_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// drawn keeps what was read of a source of randomness.
type drawn struct {
	from io.Reader
	mu   sync.Mutex // guards all
	all  []byte
}

func (d *drawn) Read(p []byte) (int, error) {
	n, err := d.from.Read(p)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, p[:n]...)
	return n, err
}

// after gives n of the bytes drawn behind some; nil where those never were.
func (d *drawn) after(some []byte, n int) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := bytes.Index(d.all, some)
	if i < 0 {
		return nil
	}
	i += len(some)
	return d.all[i : i+n]
}

// fromBase62 reads the end of s, as long as n bytes are written.
func fromBase62(t *testing.T, s string, n int) []byte {
	t.Helper()
	length := int(float64(n)*1.3436) + 1
	i, ok := new(big.Int).SetString(s[max(0, len(s)-length):], 62)
	if !ok || len(s) < length {
		t.Fatalf("%q is not base62 of %d bytes", s, n)
	}
	return i.FillBytes(make([]byte, n))
}

// TestSecretsAreDrawnFromCryptoRand: each secret that lets somebody in is bytes of
// crypto/rand as they came, as many as docs/security.md says.
func TestSecretsAreDrawnFromCryptoRand(t *testing.T) {
	source := &drawn{from: rand.Reader}
	rand.Reader = source               // what auth takes when nothing else is given
	b, quick := mailSetup(t), setup(t) // where sign-ups wait for no mail
	rand.Reader = source.from
	drawn := func(what string, secret []byte) {
		t.Helper()
		if source.after(secret, 0) == nil {
			t.Errorf("%s was not drawn from crypto/rand", what)
		}
	}
	s := b.confirmed(1, "ann@shop.example")
	raw, err := base64.RawURLEncoding.DecodeString(s.RefreshToken)
	if err != nil || len(raw) < 52 {
		t.Fatalf("%q %v", s.RefreshToken, err)
	}
	drawn("a refresh token", raw[20:52])
	key, _, err := b.CreateKey(t.Context(), "ci", "data", 0)
	if err != nil {
		t.Fatal(err)
	}
	drawn("a service key", fromBase62(t, key, 32))
	if err := b.otp(1, `{"email":"ann@shop.example"`+pkce+`}`); err != nil {
		t.Fatal(err)
	}
	m := b.mail(auth.MailMagicLink, "ann@shop.example")
	link := linkOf(t, m)
	secret := fromBase62(t, link.Token, 32)
	drawn("a link", secret)
	n := new(big.Int).SetBytes(source.after(secret, 16)) // a code is drawn with its link
	if code := fmt.Sprintf("%06d", n.Mod(n, big.NewInt(1_000_000))); code != m.Code {
		t.Errorf("the code %s is not of the 128 bits drawn for it: %s", m.Code, code)
	}
	drawn("the code of a redirect", fromBase62(t, b.follow(link), 32))
	e, err := b.Enroll(t.Context(), bearer(s.AccessToken), []byte(`{"factor_type":"totp"}`))
	if err != nil {
		t.Fatal(err)
	}
	totp, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(e.TOTP.Secret)
	if err != nil || len(totp) != 20 {
		t.Fatalf("%q %v", e.TOTP.Secret, err)
	}
	drawn("the secret of an authenticator app", totp)
	shown, _ := quick.withFactor("bob@shop.example")
	alphabet := base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)
	for _, code := range quick.codes(shown) {
		raw, err := alphabet.DecodeString(strings.ReplaceAll(strings.ToLower(code), "-", ""))
		if err != nil || len(raw) != 10 {
			t.Fatalf("%q %v", code, err)
		}
		drawn("a recovery code", raw)
	}
}

// TestCodesOfRedirectsEnd: after five minutes, as those of providers.
func TestCodesOfRedirectsEnd(t *testing.T) {
	b := mailSetup(t)
	const codeTime = 5 * time.Minute
	code, link := b.linkCode()
	b.clock.add(codeTime)
	_, err := b.pkce(t.Context(), 1, code, pkceVerifier)
	b.codeIs(err, hutch.FlowStateNotFound)
	code = b.follow(link) // the link lives on
	b.clock.add(codeTime - 1)
	if s, err := b.pkce(t.Context(), 1, code, pkceVerifier); err != nil || s.AccessToken == "" {
		t.Errorf("a moment before its end: %v", err)
	}
}
