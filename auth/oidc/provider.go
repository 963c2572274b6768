package oidc

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// Provider is one configured provider. It is safe for concurrent use.
type Provider struct {
	row    Row
	preset *preset
	o      Options
	home   string // host:port of the issuer
	client *http.Client
	meta   *remote[*metadata]
	keys   *remote[[]jose.JSONWebKey]
	sign   func(now time.Time) (string, error) // the client secret, where it is signed
}

var _ auth.Provider = (*Provider)(nil)

// New makes the provider of a row and asks nothing of it yet: a provider that
// is down keeps nobody from starting. invalid_argument.
func New(r Row, o Options) (*Provider, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	preset, err := r.fill()
	if err != nil {
		return nil, err
	}
	issuer, err := url.Parse(r.Issuer)
	if err != nil {
		return nil, bad(&r, "issuer", "the issuer is not an address")
	}
	p := &Provider{row: r, preset: preset, o: o, home: endpoint(issuer), client: client(issuer)}
	if preset.signs {
		if p.sign, err = appleSecret(&p.row); err != nil {
			return nil, err
		}
	}
	log := o.Log.With(slog.String("provider", r.Name))
	p.meta = &remote[*metadata]{fetch: p.discover, now: o.Now, log: log, what: "discovery"}
	p.keys = &remote[[]jose.JSONWebKey]{fetch: p.fetchKeys, now: o.Now, log: log, what: "keys"}
	return p, nil
}

func (p *Provider) algorithms() []string {
	if len(p.preset.algorithms) > 0 && p.row.Issuer == p.preset.issuer {
		return p.preset.algorithms
	}
	return asymmetric
}

// plain reports whether the provider speaks OAuth 2 alone.
func (p *Provider) plain() bool { return p.preset.person != nil }

// endpoints are where a person signs in and a code is traded.
func (p *Provider) endpoints(ctx context.Context) (*metadata, error) {
	if p.plain() {
		at := strings.TrimSuffix(p.row.Issuer, "/")
		return &metadata{
			Issuer: p.row.Issuer, Authorize: at + p.preset.authorize, Token: at + p.preset.token,
			Auth: []string{"client_secret_post"},
		}, nil
	}
	return p.meta.get(ctx, false)
}

func (p *Provider) config(m *metadata, redirect string) (*oauth2.Config, error) {
	c := &oauth2.Config{
		ClientID: p.row.ClientID, ClientSecret: p.row.Secret.Reveal(), RedirectURL: redirect,
		Endpoint: oauth2.Endpoint{AuthURL: m.Authorize, TokenURL: m.Token, AuthStyle: oauth2.AuthStyleInParams},
	}
	if p.sign != nil {
		secret, err := p.sign(p.o.Now())
		if err != nil {
			return nil, hutch.Errorf(hutch.Internal, "signing the client secret: %w", err)
		}
		c.ClientSecret = secret
	} else if m.inHeader() {
		c.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	}
	return c, nil
}

// Begin gives the address where the person signs in.
func (p *Provider) Begin(ctx context.Context, r auth.ProviderBegin) (string, error) {
	m, err := p.endpoints(ctx)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(m.Authorize)
	if err != nil {
		return "", unreachable("the provider names an address that is none", err)
	}
	q := u.Query()
	maps.Copy(q, p.preset.params)
	for k, v := range map[string]string{
		"response_type": "code", "client_id": p.row.ClientID, "redirect_uri": r.Redirect, "state": r.State,
		"scope": strings.Join(p.scopes(r.Scopes), " "), "code_challenge": r.Challenge, "code_challenge_method": "S256",
	} {
		q.Set(k, v)
	}
	if !p.plain() {
		q.Set("nonce", r.Nonce)
	}
	for k, v := range map[string]string{"prompt": r.Prompt, "login_hint": r.LoginHint} {
		if v != "" {
			q.Set(k, v)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// scopes are the preset's, the row's and the flow's, each once.
func (p *Provider) scopes(more []string) []string {
	var out []string
	for _, s := range slices.Concat(p.preset.scopes, p.row.Scopes, more) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func refused(message string, err error) error {
	return &hutch.Error{Code: hutch.BadOAuthCallback, Message: message, Err: err}
}

// Exchange trades a code and says who signed in.
func (p *Provider) Exchange(ctx context.Context, r auth.ProviderCode) (*auth.Foreign, error) {
	m, err := p.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	// RFC 9207: an answer says whose it is, so that none counts as another's.
	if !p.plain() && (r.Issuer != "" || m.SaysIss) && r.Issuer != p.row.Issuer {
		return nil, refused("the answer is another provider's", nil)
	}
	c, err := p.config(m, r.Redirect)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*wholeCall)
	defer cancel()
	t, err := c.Exchange(context.WithValue(ctx, oauth2.HTTPClient, p.client), r.Code, oauth2.VerifierOption(r.Verifier))
	if err != nil {
		if no, ok := errors.AsType[*oauth2.RetrieveError](err); ok && (no.Response == nil || no.Response.StatusCode < http.StatusInternalServerError) {
			return nil, refused("the provider refuses the code", errors.New(no.ErrorCode)) // its body may hold secrets
		}
		return nil, unreachable("trading the code", errors.New(withoutBody(err)))
	}
	if p.plain() {
		return p.preset.person(ctx, p, t.AccessToken)
	}
	raw, _ := t.Extra("id_token").(string)
	claims, err := p.verify(ctx, raw, []string{p.row.ClientID}, r.Nonce, t.AccessToken)
	if err != nil {
		if hutch.CodeOf(err) == hutch.InvalidCredentials {
			return nil, refused("the provider's token is not good", err)
		}
		return nil, err
	}
	if claims.text("email") == "" && m.UserInfo != "" {
		if err := p.userinfo(ctx, m.UserInfo, t.AccessToken, claims); err != nil {
			return nil, err
		}
	}
	who := p.foreign(claims)
	if p.preset.calls {
		who.Called = r.Called
	}
	return who, nil
}

// withoutBody is an error's text where it is not an answer's body.
func withoutBody(err error) string {
	if no, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return no.Response.Status
	}
	return err.Error()
}

// VerifyIDToken says whom an id_token names that a native app was given.
func (p *Provider) VerifyIDToken(ctx context.Context, r auth.ProviderToken) (*auth.Foreign, error) {
	if p.plain() {
		return nil, &hutch.Error{Code: hutch.ValidationFailed, Field: "provider", Message: "the provider has no id_tokens"}
	}
	claims, err := p.verify(ctx, r.IDToken, append([]string{p.row.ClientID}, p.row.ClientIDs...), hashed(r.Nonce), r.AccessToken)
	if err != nil {
		return nil, err
	}
	return p.foreign(claims), nil
}
