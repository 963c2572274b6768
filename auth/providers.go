package auth

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
)

// Provider is a foreign way to sign in, one configured row. Its errors are
// bad_oauth_callback (it says no, or says what it may not), invalid_credentials
// (an id_token that is not good) and unavailable (it does not answer).
type Provider interface {
	// Begin gives the address where the person signs in.
	Begin(ctx context.Context, r ProviderBegin) (string, error)
	// Exchange turns the answer of the provider into who signed in.
	Exchange(ctx context.Context, r ProviderCode) (*Foreign, error)
	// VerifyIDToken says whom a token names that a native app was given.
	VerifyIDToken(ctx context.Context, r ProviderToken) (*Foreign, error)
}

// Providers are the configured ones by name, those that are off left out.
type Providers map[string]Provider

// names lists them in order.
func (p Providers) names() []string { return slices.Sorted(maps.Keys(p)) }

// provider finds one: validation_failed, provider_disabled.
func (p Providers) provider(name string) (Provider, error) {
	if name == "" {
		return nil, invalid("provider", "provider is missing")
	}
	if one := p[name]; one != nil {
		return one, nil
	}
	return nil, &hutch.Error{Code: hutch.ProviderDisabled, Field: "provider", Message: "the provider is not configured"}
}

// ProviderBegin is what a flow asks of a provider.
type ProviderBegin struct {
	State, Nonce string
	Challenge    string // S256 of the verifier
	Redirect     string // our callback
	Scopes       []string
	Prompt       string // of OpenID Connect; "": the provider's choice
	LoginHint    string
}

// ProviderCode is what a provider's answer brought, with what the flow knows.
type ProviderCode struct {
	Code, Issuer    string // parameters code and iss of the callback
	Verifier, Nonce string
	Redirect        string
	Called          string // what the browser says that the person is called; no word of the provider's
}

// ProviderToken is an id_token of a native app.
type ProviderToken struct {
	IDToken     string
	AccessToken string // "" where the app has none
	Nonce       string // the token carries its SHA-256 in hex
}

// Foreign is who signed in, as the provider says.
type Foreign struct {
	Issuer, Subject string // together the identity; never an address
	Email           string
	EmailVerified   bool // the claim that the row names proves it
	Name, Picture   string
	Username        string
	Called          string    `json:",omitempty"` // as the browser says, for the name of a new account alone
	Until           time.Time // when an id_token cannot be shown again, past its end
}
