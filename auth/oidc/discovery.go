package oidc

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	freshFor  = 15 * time.Minute
	staleFor  = 24 * time.Hour
	askAgain  = 10 * time.Second
	knownPath = "/.well-known/openid-configuration"
)

// remote is something of a provider that is asked for now and then.
type remote[T any] struct {
	fetch func(context.Context) (T, error)
	now   func() time.Time
	log   *slog.Logger
	what  string

	mu     sync.Mutex // guards the rest
	value  T
	got    time.Time // zero: never
	tried  time.Time
	err    error
	asking chan struct{} // closed when the call under way has ended; nil: there is none
}

// get gives what is known, asking where that is old; renew asks in any case,
// but at most every 10 s. A provider that does not answer costs 5 s who has it
// asked and who can do nothing with what is known, and nobody else: that holds
// for a day.
func (r *remote[T]) get(ctx context.Context, renew bool) (T, error) {
	r.mu.Lock()
	now := r.now()
	known, asking, mine := r.known(now), r.asking, false
	if known && !renew && now.Sub(r.got) < freshFor {
		defer r.mu.Unlock()
		return r.value, nil
	}
	if asking == nil && (r.tried.IsZero() || now.Sub(r.tried) >= askAgain) {
		asking, mine = make(chan struct{}), true
		r.asking, r.tried = asking, now
		// A caller that gives up is not to spoil it for those that wait.
		go r.ask(context.WithoutCancel(ctx), now)
	}
	r.mu.Unlock()
	if asking != nil && (mine || renew || !known) {
		select {
		case <-asking:
		case <-ctx.Done():
			var none T
			return none, unreachable("waiting for the provider", context.Cause(ctx))
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.known(now):
		return r.value, nil
	case r.err == nil:
		return r.value, unreachable("the provider was not asked", nil)
	}
	return r.value, r.err
}

func (r *remote[T]) known(now time.Time) bool { return !r.got.IsZero() && now.Sub(r.got) < staleFor }

// ask keeps what the provider says and lets go on who waits for it.
func (r *remote[T]) ask(ctx context.Context, now time.Time) {
	value, err := r.fetched(ctx)
	if err != nil {
		r.log.Warn("asking a provider", slog.String("what", r.what), slog.Any("error", err))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err = err; err == nil {
		r.value, r.got = value, now
	}
	close(r.asking)
	r.asking = nil
}

// fetched is fetch within its time. What a provider sends ends no server.
func (r *remote[T]) fetched(ctx context.Context) (value T, err error) {
	ctx, cancel := context.WithTimeout(ctx, wholeCall)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = unreachable("reading what the provider says", fmt.Errorf("panic: %v", p))
		}
	}()
	return r.fetch(ctx)
}

// metadata is what a provider says of itself (OpenID Connect Discovery 1.0).
type metadata struct {
	Issuer    string   `json:"issuer"`
	Authorize string   `json:"authorization_endpoint"`
	Token     string   `json:"token_endpoint"`
	UserInfo  string   `json:"userinfo_endpoint"`
	Keys      string   `json:"jwks_uri"`
	Auth      []string `json:"token_endpoint_auth_methods_supported"`
	SaysIss   bool     `json:"authorization_response_iss_parameter_supported"`
}

// discover reads what the provider says of itself and believes it only about
// its own issuer.
func (p *Provider) discover(ctx context.Context) (*metadata, error) {
	base := p.preset.discovery
	if base == "" || p.row.Issuer != p.preset.issuer {
		base = p.row.Issuer
	}
	m := new(metadata)
	if err := p.get(ctx, strings.TrimSuffix(base, "/")+knownPath, "", m); err != nil {
		return nil, err
	}
	if m.Issuer != p.row.Issuer {
		return nil, unreachable("the provider calls itself by another issuer", nil)
	}
	for _, at := range []string{m.Authorize, m.Token, m.Keys} {
		if err := p.checkEndpoint(at); err != nil {
			return nil, err
		}
	}
	if m.UserInfo != "" {
		return m, p.checkEndpoint(m.UserInfo)
	}
	return m, nil
}

// checkEndpoint takes https, or the issuer's own host where that is loopback.
func (p *Provider) checkEndpoint(at string) error {
	u, err := url.Parse(at)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" ||
		u.Scheme != "https" && (u.Scheme != "http" || endpoint(u) != p.home || !loopback(u.Hostname())) {
		return unreachable("the provider names an address that is not https", err)
	}
	return nil
}

// inHeader reports how the client secret goes to the token endpoint.
func (m *metadata) inHeader() bool {
	return len(m.Auth) == 0 || slices.Contains(m.Auth, "client_secret_basic")
}
