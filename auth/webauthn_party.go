package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/webauthn"
	"golang.org/x/net/idna"

	"github.com/hutch-dev/hutch"
)

// PasskeyOptions say where passkeys may be used beside the public URL.
type PasskeyOptions struct {
	Origins []string // of apps: CheckPasskeyOrigin
}

const (
	androidOrigin = "android:apk-key-hash:" // of an Android app, followed by the SHA-256 of its certificate
	maxOrigins    = 20
)

func (o *PasskeyOptions) check() error {
	for _, origin := range o.Origins {
		if why := CheckPasskeyOrigin(origin); why != "" {
			return &hutch.Error{Code: hutch.InvalidArgument, Field: "auth.passkeys.origins", Message: origin + ": " + why}
		}
	}
	if len(o.Origins) > maxOrigins {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "auth.passkeys.origins", Message: "at most 20 origins"}
	}
	return nil
}

// CheckPasskeyOrigin says what is wrong with an origin as apps have it: of https,
// of http on localhost, or of an Android app. "" is right.
func CheckPasskeyOrigin(s string) string {
	if hash, ok := strings.CutPrefix(s, androidOrigin); ok {
		sum, err := base64.RawURLEncoding.Strict().DecodeString(hash)
		if err != nil || len(sum) != sha256.Size {
			return "the SHA-256 of the certificate in base64url, without padding, is needed"
		}
		return ""
	}
	u, why := parseRedirect(s)
	switch {
	case why != "":
		return why
	case u.Scheme != "https" && u.Scheme != "http":
		return "an origin is https://host or " + androidOrigin + "..."
	case strings.Contains(s, "*"):
		return "an origin is one origin"
	case originOf(u) != s:
		return "an origin is written as browsers do: " + originOf(u)
	}
	return ""
}

// originOf is the origin as browsers write it.
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

// relyingParty is whom credentials are made for and where they may be used. It
// comes from the public URL and the configuration, never from a request.
type relyingParty struct {
	id      string   // a domain
	origins []string // as browsers and apps write them; the first is our own
}

// noPasskeys is for servers whose address is none that browsers make keys for.
func noPasskeys() error {
	return &hutch.Error{
		Code: hutch.PasskeyDisabled, Message: "passkeys need a public URL of https with a domain, or of localhost", Hint: "set publicUrl",
	}
}

// relyingParty: passkey_disabled.
func (s *Service) relyingParty() (*relyingParty, error) {
	return partyOf(s.issuer(), s.o.Passkeys.Origins)
}

// partyOf is the relying party of a page and of more origins: passkey_disabled.
func partyOf(page string, more []string) (*relyingParty, error) {
	u, err := url.Parse(page)
	if err != nil || u.Host == "" {
		return nil, noPasskeys()
	}
	host, err := idna.Lookup.ToASCII(strings.ToLower(u.Hostname()))
	ip := net.ParseIP(u.Hostname())
	switch {
	case ip != nil && ip.IsLoopback():
		host = "localhost" // a key is for a domain: the page is to be opened by this name
	case ip != nil || err != nil || host == "":
		return nil, noPasskeys()
	case u.Scheme == "http" && host != "localhost":
		return nil, noPasskeys()
	}
	own := &url.URL{Scheme: u.Scheme, Host: host}
	if u.Port() != "" {
		own.Host = net.JoinHostPort(host, u.Port())
	}
	return &relyingParty{id: host, origins: append([]string{originOf(own)}, more...)}, nil
}

func (rp *relyingParty) library() (*webauthn.WebAuthn, error) {
	w, err := webauthn.New(&webauthn.Config{RPID: rp.id, RPDisplayName: rp.id, RPOrigins: rp.origins})
	if err != nil {
		return nil, fmt.Errorf("using passkeys for %s: %w", rp.id, err)
	}
	return w, nil
}

// RelatedOrigins is the answer to /.well-known/webauthn: by it browsers let the
// listed pages of other domains use the passkeys of this one.
type RelatedOrigins struct {
	Origins []string `json:"origins"`
}

// RelatedOrigins lists the pages that may use passkeys: passkey_disabled.
func (s *Service) RelatedOrigins() (RelatedOrigins, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return RelatedOrigins{}, err
	}
	return RelatedOrigins{Origins: slices.DeleteFunc(slices.Clone(rp.origins), func(o string) bool {
		return strings.HasPrefix(o, androidOrigin)
	})}, nil
}
