package config

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
)

// Provider is a foreign way to sign in.
type Provider struct {
	Name      string
	Issuer    string
	ClientID  string
	Secret    hutch.Secret // empty: it is off
	ClientIDs []string
	Scopes    []string
	Proof     string
	TeamID    string
	KeyID     string
}

var providerName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// ownProviders are the names that the wire gives to our own ways to sign in.
var ownProviders = []string{"email", "phone", "anonymous", "anonymous_users"}

func badProvider(s string) string {
	switch {
	case !providerName.MatchString(s):
		return "is no name: a lower-case letter, then lower-case letters, digits, _ or -, at most 32 in all"
	case slices.Contains(ownProviders, s):
		return "is the name of a way to sign in that is no provider"
	}
	return ""
}

func badIssuer(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "is no address of an issuer"
	case u.Scheme != "https" && (u.Scheme != "http" || !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())):
		return "is not https"
	}
	return ""
}

func badWord(s string) string {
	if s == "" || len(s) > 512 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "is empty, too long or has spaces"
	}
	return ""
}

func (p *Provider) keys(name string, _ hutch.Pos) []key {
	p.Name = name
	return []key{
		text("issuer", "Who issues its tokens: discovery begins here. Presets have one.", &p.Issuer, badIssuer),
		required(text("clientId", "What the provider knows the app by.", &p.ClientID, badWord)),
		required(secret("clientSecret", "Empty: the provider is off. Apple's is the text of the .p8 file.", &p.Secret, anyText)),
		texts("clientIds", "Client ids of native apps, whose id_tokens are taken too.", &p.ClientIDs, badWord),
		texts("scopes", "Scopes besides openid, email and profile.", &p.Scopes, badWord),
		text("verifiedBy", "The claim that proves an e-mail, or none; email_verified where no preset says otherwise.", &p.Proof, badWord),
		text("teamId", "Apple's team.", &p.TeamID, badWord),
		text("keyId", "The id of Apple's key.", &p.KeyID, badWord),
	}
}
