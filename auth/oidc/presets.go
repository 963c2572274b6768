package oidc

import "net/url"

// preset is what is known of a provider beforehand.
type preset struct {
	name       string
	also       string // another name: GoTrue's
	issuer     string
	discovery  string // where that is not below the issuer
	scopes     []string
	proof      string   // the claim that proves an e-mail
	algorithms []string // of its id_tokens; empty: any asymmetric one
	params     url.Values
	signs      bool // its client secret is a signed token
	calls      bool // its tokens name nobody; the form of the first sign-in does

	// Without OpenID Connect: paths below the issuer, and who signed in.
	authorize, token string
	person           reader
}

var presets = []preset{
	{
		name: "google", issuer: "https://accounts.google.com",
		scopes: []string{"openid", "email", "profile"}, proof: "email_verified", algorithms: []string{"RS256"},
	},
	{
		// Apple sends its answer as a form, and the name only once.
		name: "apple", issuer: "https://appleid.apple.com", signs: true, calls: true,
		scopes: []string{"openid", "name", "email"}, proof: "email_verified", algorithms: []string{"RS256"},
		params: url.Values{"response_mode": {"form_post"}},
	},
	{
		// Any tenant's administrator sets `email`; only xms_edov says that the
		// domain's owner was asked.
		name: "microsoft", also: "azure", issuer: "https://login.microsoftonline.com/" + tenantMark + "/v2.0",
		discovery: "https://login.microsoftonline.com/common/v2.0",
		scopes:    []string{"openid", "email", "profile"}, proof: "xms_edov", algorithms: []string{"RS256"},
	},
	{
		name: "gitlab", issuer: "https://gitlab.com",
		scopes: []string{"openid", "email", "profile"}, proof: "email_verified", algorithms: []string{"RS256"},
	},
	{
		name: "github", issuer: "https://github.com", proof: "verified",
		scopes: []string{"read:user", "user:email"}, authorize: "/login/oauth/authorize", token: "/login/oauth/access_token",
		person: github,
	},
	{
		name: "discord", issuer: "https://discord.com", proof: "verified",
		scopes: []string{"identify", "email"}, authorize: "/oauth2/authorize", token: "/api/oauth2/token",
		person: discord,
	},
}

// Presets names the providers that need no issuer.
func Presets() []string {
	names := make([]string, len(presets))
	for i := range presets {
		names[i] = presets[i].name
	}
	return names
}
