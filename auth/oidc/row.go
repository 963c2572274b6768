package oidc

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
)

// Row is one configured provider. Where its name is a preset's, empty fields
// are the preset's.
type Row struct {
	Name      string
	Issuer    string // exactly as in its tokens
	ClientID  string
	Secret    hutch.Secret // for Apple the private key, PEM
	ClientIDs []string     // of native apps, whose id_tokens are taken too
	Scopes    []string     // besides the preset's
	Proof     string       // the claim that proves an e-mail; "none": nothing does
	TeamID    string       // Apple's
	KeyID     string       // Apple's
}

// Options of a provider; zero fields take the defaults in brackets.
type Options struct {
	Now func() time.Time // [time.Now]
	Log *slog.Logger     // [none]
}

const (
	wholeCall = 5 * time.Second
	wholeBody = 1 << 20
)

func bad(r *Row, key, message string) *hutch.Error {
	return &hutch.Error{Code: hutch.InvalidArgument, Field: "auth.providers." + r.Name + "." + key, Message: message}
}

// fill completes a row from its preset and checks it.
func (r *Row) fill() (*preset, error) {
	p := &preset{proof: "email_verified", scopes: []string{"openid", "email", "profile"}}
	if i := slices.IndexFunc(presets, func(p preset) bool { return p.name == r.Name || p.also != "" && p.also == r.Name }); i >= 0 {
		p = &presets[i]
	} else if r.Issuer == "" {
		return nil, bad(r, "issuer", "a provider that is no preset needs an issuer").WithHint("presets: " + strings.Join(Presets(), ", "))
	}
	if r.Issuer == "" {
		r.Issuer = p.issuer
	}
	switch r.Proof {
	case "":
		r.Proof = p.proof
	case "none":
		r.Proof = ""
	}
	if r.ClientID == "" {
		return nil, bad(r, "clientId", "clientId is missing")
	}
	if p.signs && (r.TeamID == "" || r.KeyID == "") {
		return nil, bad(r, "teamId", "Apple's client secret is signed: teamId and keyId are needed, clientSecret is the private key")
	}
	u, err := url.Parse(r.Issuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, bad(r, "issuer", "the issuer is not an address")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, bad(r, "issuer", "the issuer is not https")
	}
	return p, nil
}

// loopback reports whether a host name is this machine's.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// endpoint is the host and port that a URL is dialled at.
func endpoint(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// tenantMark stands in an issuer for the tenant that a token names in tid.
const tenantMark = "{tenantid}"

var tenant = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// issuedBy reports whether a token with this tid may name the issuer.
func (r *Row) issuedBy(issuer, tid string) bool {
	if !strings.Contains(r.Issuer, tenantMark) {
		return issuer == r.Issuer
	}
	return tenant.MatchString(tid) && issuer == strings.Replace(r.Issuer, tenantMark, tid, 1)
}
