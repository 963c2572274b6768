package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	gooidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

const (
	maxToken   = 16 << 10
	maxSubject = 255 // OpenID Connect Core 2
	skew       = time.Minute
	oldest     = 10 * time.Minute
)

// claims are a token's, or those of userinfo.
type claims map[string]any

func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// yes reads a claim that is true; some providers spell it "true", 1 or "1".
func (c claims) yes(name string) bool {
	switch v := c[name].(type) {
	case bool:
		return v
	case string:
		return v == "true" || v == "1"
	case float64:
		return v == 1
	}
	return false
}

func wrong(why string, err error) error {
	if err == nil {
		err = errors.New(why)
	}
	return &hutch.Error{Code: hutch.InvalidCredentials, Message: "the id_token is not good: " + why, Err: err}
}

// hashed is how a nonce stands in the token of a native app.
func hashed(nonce string) string {
	if nonce == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(nonce))
	return hex.EncodeToString(sum[:])
}

// spelt reports whether a token is written in the one way there is: the decoder
// below passes over line ends and trailing bits, and who remembers tokens by
// their text must not take another spelling for another token.
func spelt(raw string) bool {
	parts := strings.Split(raw, ".")
	for _, part := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || base64.RawURLEncoding.EncodeToString(b) != part {
			return false
		}
	}
	return len(parts) == 3
}

// verify checks an id_token: signature, issuer, audience, age and nonce, and
// that it belongs to the access token. invalid_credentials, unavailable.
func (p *Provider) verify(ctx context.Context, raw string, audiences []string, nonce, access string) (claims, error) {
	if raw == "" || len(raw) > maxToken {
		return nil, wrong("it is missing or too long", nil)
	}
	if nonce == "" {
		return nil, wrong("its nonce is needed", nil)
	}
	if !spelt(raw) {
		return nil, wrong("its spelling", nil)
	}
	keys := &keySet{p: p}
	t, err := gooidc.NewVerifier(p.row.Issuer, keys, &gooidc.Config{
		SupportedSigningAlgs: p.algorithms(), Now: p.o.Now,
		SkipClientIDCheck: true, SkipExpiryCheck: true, SkipIssuerCheck: true, // below, with our bounds
	}).Verify(ctx, raw)
	if err != nil {
		if keys.away != nil {
			return nil, keys.away
		}
		return nil, wrong("the signature", err)
	}
	c := claims{}
	if err := t.Claims(&c); err != nil {
		return nil, wrong("its claims", err)
	}
	now := p.o.Now()
	switch issued := numericDate(c["iat"]); {
	case !p.row.issuedBy(t.Issuer, c.text("tid")):
		return nil, wrong("the issuer", nil)
	case t.Subject == "" || len(t.Subject) > maxSubject || !utf8.ValidString(t.Subject):
		return nil, wrong("the subject", nil)
	case len(t.Audience) == 0 || slices.ContainsFunc(t.Audience, func(a string) bool { return !slices.Contains(audiences, a) }):
		return nil, wrong("the audience", nil)
	case !p.authorized(c, len(t.Audience), audiences):
		return nil, wrong("the authorized party", nil)
	case !now.Before(t.Expiry.Add(skew)):
		return nil, wrong("it has expired", nil)
	case issued.IsZero() || now.Add(skew).Before(issued) || now.Sub(issued) > oldest+skew:
		return nil, wrong("it is too old", nil)
	case now.Add(skew).Before(numericDate(c["nbf"])):
		return nil, wrong("it is not valid yet", nil)
	case subtle.ConstantTimeCompare([]byte(t.Nonce), []byte(nonce)) != 1:
		return nil, wrong("the nonce", nil)
	}
	if access != "" && t.AccessTokenHash != "" {
		if err := t.VerifyAccessToken(access); err != nil {
			return nil, wrong("the access token is another's", err)
		}
	}
	c["iss"], c["sub"] = t.Issuer, t.Subject // what was checked, whatever else is spelt alike
	return c, nil
}

// authorized checks azp, which several audiences need.
func (p *Provider) authorized(c claims, audiences int, known []string) bool {
	azp, there := c["azp"]
	if !there {
		return audiences == 1
	}
	s, ok := azp.(string)
	return ok && slices.Contains(known, s)
}

// numericDate reads seconds since 1970; the zero time for anything else.
func numericDate(v any) time.Time {
	f, ok := v.(float64)
	if !ok || f < 1 || f > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(f), 0)
}

// foreign is who a good token names. The address counts as verified only by the
// row's claim.
func (p *Provider) foreign(c claims) *auth.Foreign {
	until := p.o.Now().Add(oldest + 2*skew)
	return trim(&auth.Foreign{
		Issuer: c.text("iss"), Subject: c.text("sub"), Email: c.text("email"),
		EmailVerified: p.row.Proof != "" && c.text("email") != "" && c.yes(p.row.Proof),
		Name:          c.text("name"), Picture: c.text("picture"), Username: c.text("preferred_username"), Until: until,
	})
}

const (
	maxName    = 256
	maxPicture = 1 << 10
)

// trim drops what is too long to keep.
func trim(f *auth.Foreign) *auth.Foreign {
	for s, most := range map[*string]int{&f.Name: maxName, &f.Username: maxName, &f.Picture: maxPicture} {
		if len(*s) > most || !utf8.ValidString(*s) {
			*s = ""
		}
	}
	return f
}

// userinfo adds what the token leaves out, of the same subject only.
func (p *Provider) userinfo(ctx context.Context, at, access string, c claims) error {
	more := claims{}
	if err := p.get(ctx, at, access, &more); err != nil {
		return err
	}
	if more.text("sub") != c.text("sub") {
		return refused("the provider speaks of another subject", nil)
	}
	for name, v := range more {
		if _, there := c[name]; !there {
			c[name] = v
		}
	}
	return nil
}

// number reads an id that is a whole number of JSON.
func number(n json.Number) string {
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil && i > 0 {
		return strconv.FormatInt(i, 10)
	}
	return ""
}
