package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
)

// The purposes of one-time secrets in a flow with a provider.
const (
	otpState  = "oauth_state"  // names the flow while the person is at the provider
	otpTicket = "oauth_ticket" // begins a flow that links
	otpCode   = "oauth_code"   // is traded for a session
)

const (
	stateLife   = 10 * time.Minute
	codeGrace   = 5 * time.Minute
	flowsAnHour = 300 // a network
	triesAnHour = 600
	maxScopes   = 10
	maxParam    = 256
)

// AuthorizeRequest is the query of GET authorize and GET user/identities/authorize.
type AuthorizeRequest struct {
	Provider, RedirectTo       string
	Challenge, ChallengeMethod string
	Scopes                     string // separated by spaces
	Prompt, LoginHint          string
	Ticket                     string // stands for all others
}

// Step sends a browser on.
type Step struct {
	Location string
	Cookie   Cookie
}

// Cookie binds a flow to the browser in which it began. HttpOnly, SameSite=Lax,
// Path=/; Secure where the public URL is https, with the prefix __Host-.
type Cookie struct {
	Name   string // "": none
	Value  string // "" deletes it
	Secure bool
	Life   time.Duration
}

// flow is what a state stands for. Verifier and nonce are derived from it.
type flow struct {
	Provider string   `json:"provider"`
	Client   Flow     `json:"client"`
	Scopes   []string `json:"scopes,omitempty"`
	Prompt   string   `json:"prompt,omitempty"`
	Hint     string   `json:"hint,omitempty"`
	User     string   `json:"user,omitempty"` // who links; "": nobody, it is a sign-in
	Session  string   `json:"session,omitempty"`
}

// grant is what a code stands for.
type grant struct {
	Provider string  `json:"provider"`
	Client   Flow    `json:"client"`
	User     string  `json:"user,omitempty"`
	Session  string  `json:"session,omitempty"`
	Foreign  Foreign `json:"foreign"`
}

// callbackURL is where providers send browsers to.
func (s *Service) callbackURL() string { return s.issuer() + "/auth/v1/callback" }

func (s *Service) readFlow(r AuthorizeRequest) (*flow, error) {
	if _, err := s.o.Providers.provider(r.Provider); err != nil {
		return nil, err
	}
	if r.Challenge == "" {
		return nil, invalid("code_challenge", "sign-in at a provider needs PKCE").WithHint("with auth-js: flowType: 'pkce'")
	}
	client, err := parseChallenge(r.Challenge, r.ChallengeMethod)
	if err != nil {
		return nil, err
	}
	client.Redirect = s.redirect(r.RedirectTo).String()
	f := &flow{Provider: r.Provider, Client: client}
	f.Scopes = strings.Fields(r.Scopes)
	if len(f.Scopes) > maxScopes || len(r.Scopes) > maxParam {
		return nil, invalid("scopes", "at most 10 scopes, 256 characters")
	}
	if len(r.Prompt) > maxParam || len(r.LoginHint) > maxParam {
		return nil, invalid("login_hint", "at most 256 characters")
	}
	f.Prompt, f.Hint = r.Prompt, r.LoginHint
	return f, nil
}

// countFlow bounds what a network may ask of providers, and of codes.
func (s *Service) countFlow(ctx context.Context, c Client, what string, limit int) error {
	return s.count(ctx, c, what, limit)
}

// Authorize begins a sign-in at a provider: the browser goes there.
// validation_failed, provider_disabled, otp_expired, over_request_rate_limit.
func (s *Service) Authorize(ctx context.Context, r AuthorizeRequest, c Client) (*Step, error) {
	if err := s.countFlow(ctx, c, "oauth", flowsAnHour); err != nil {
		return nil, err
	}
	f := new(flow)
	if r.Ticket != "" {
		if _, err := s.consumeOTP(ctx, otpTicket, r.Ticket, f); err != nil {
			return nil, err
		}
	} else {
		var err error
		if f, err = s.readFlow(r); err != nil {
			return nil, err
		}
	}
	provider, err := s.o.Providers.provider(f.Provider)
	if err != nil {
		return nil, err
	}
	o, err := s.newOTP(otpState, "", stateLife, f, false)
	if err != nil {
		return nil, err
	}
	to, err := provider.Begin(ctx, ProviderBegin{
		State: o.secret, Nonce: s.derived("nonce", o.secret), Challenge: challengeOf(s.derived("verifier", o.secret)),
		Redirect: s.callbackURL(), Scopes: f.Scopes, Prompt: f.Prompt, LoginHint: f.Hint,
	})
	if err != nil {
		s.logProvider(f.Provider, err)
		return &Step{Location: failed(f.Client.Redirect, "server_error", err)}, nil
	}
	if err := s.commit(ctx, s.o.Now(), o.write); err != nil {
		return nil, err
	}
	return &Step{Location: to, Cookie: s.cookie(o.secret, stateLife)}, nil
}

// derived makes what belongs to a state without being stored: who reads the
// store or the state in a log has none of it.
func (s *Service) derived(what, state string) string {
	return base64.RawURLEncoding.EncodeToString(mac(s.keys.Load().refresh, "oauth "+what, []byte(state)))
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// cookie is a state's. There are 16 names, so that flows which nobody ends
// cannot fill a browser's headers.
func (s *Service) cookie(state string, life time.Duration) Cookie {
	slot := sha256.Sum256([]byte(state))
	c := Cookie{Name: "hutch-state-" + hex.EncodeToString(slot[:1])[:1], Value: s.derived("cookie", state), Life: life}
	if c.Secure = strings.HasPrefix(s.issuer(), "https://"); c.Secure {
		c.Name = "__Host-" + c.Name
	}
	return c
}

// CallbackRequest is what a provider sent the browser back with.
type CallbackRequest struct {
	State, Code, Issuer string
	Error               string
	Name                string                   // FormName of a form
	Cookie              func(name string) string // of the request
}

// Callback goes on with a flow: the browser goes back to the app, with a code
// for the client that began, or with an error. Nobody is signed in by it.
func (s *Service) Callback(ctx context.Context, r CallbackRequest, c Client) (*Step, error) {
	if err := s.countFlow(ctx, c, "oauth callback", triesAnHour); err != nil {
		return nil, err
	}
	stray := &hutch.Error{Code: hutch.BadOAuthState, Message: "the sign-in did not begin in this browser, was used or has expired"}
	lost := &Step{Location: failed(s.redirect("").String(), "invalid_request", stray)}
	cookie := s.cookie(r.State, 0)
	// The browser is asked first: in another one the flow is not even used up.
	if subtle.ConstantTimeCompare([]byte(r.Cookie(cookie.Name)), []byte(cookie.Value)) != 1 {
		return lost, nil
	}
	var f flow
	if _, err := s.consumeOTP(ctx, otpState, r.State, &f); err != nil {
		if hutch.CodeOf(err) != hutch.OTPExpired {
			return nil, err
		}
		return lost, nil
	}
	cookie.Value = ""
	back := func(name string, err error) (*Step, error) {
		return &Step{Location: failed(f.Client.Redirect, name, err), Cookie: cookie}, nil
	}
	if r.Error != "" || r.Code == "" {
		name := "server_error"
		if r.Error == "access_denied" {
			name = r.Error
		}
		return back(name, &hutch.Error{Code: hutch.BadOAuthCallback, Message: "the provider signed nobody in"})
	}
	provider, err := s.o.Providers.provider(f.Provider)
	if err != nil {
		return back("server_error", err)
	}
	who, err := provider.Exchange(ctx, ProviderCode{
		Code: r.Code, Issuer: r.Issuer, Verifier: s.derived("verifier", r.State), Nonce: s.derived("nonce", r.State),
		Redirect: s.callbackURL(), Called: called(r.Name),
	})
	if err != nil {
		s.logProvider(f.Provider, err)
		return back("server_error", err)
	}
	code, err := s.issueOTP(ctx, otpCode, "", codeGrace, &grant{
		Provider: f.Provider, Client: f.Client, User: f.User, Session: f.Session, Foreign: *who,
	})
	if err != nil {
		return nil, err
	}
	return &Step{Location: withQuery(f.Client.Redirect, "code", code), Cookie: cookie}, nil
}

func (s *Service) logProvider(name string, err error) {
	s.o.Log.Warn("sign-in at a provider", slog.String("provider", name), slog.Any("error", err))
}

// failed is an address with an error as GoTrue tells it; the words are ours.
func failed(to, name string, err error) string {
	e := hutch.AsError(err)
	return withQuery(to, "error", name, "error_code", string(e.Code), "error_description", e.Message)
}

func withQuery(to string, pairs ...string) string {
	u, err := url.Parse(to)
	if err != nil {
		return to
	}
	q := u.Query()
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	u.RawQuery = q.Encode()
	return u.String()
}
