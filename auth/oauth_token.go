package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// tradeCode answers grant_type=pkce: the code of a flow, by the client that
// holds the verifier, once. The caller counts it. flow_state_not_found,
// bad_code_verifier, and what enter answers.
func (s *Service) tradeCode(ctx context.Context, code, verifier, redirect string, c Client) (out *Session, err error) {
	err = rerun(ctx, func() error {
		d, err := s.openOTP(ctx, otpCode, code)
		if err != nil {
			if hutch.CodeOf(err) == hutch.OTPExpired {
				return &hutch.Error{Code: hutch.FlowStateNotFound, Message: "the code is unknown, was used or has expired"}
			}
			return err
		}
		var g grant
		if err := d.read(&g); err != nil {
			return err
		}
		if !g.Client.proves(verifier) || redirect != "" && redirect != g.Client.Redirect {
			// A code in other hands than its client's is good for nothing any more.
			if err := s.commit(ctx, s.o.Now(), d.spend()); err != nil {
				return err
			}
			return &hutch.Error{Code: hutch.BadCodeVerifier, Message: "the code belongs to another client"}
		}
		out, err = s.enter(ctx, &g, c, d.spend())
		return err
	})
	return out, err
}

// tradeIDToken answers grant_type=id_token: what a native app was given by a
// provider, once. With link_identity it becomes an identity of who asks.
// validation_failed, provider_disabled, invalid_credentials, and what enter
// answers.
func (s *Service) tradeIDToken(ctx context.Context, body []byte, c Client) (*Session, error) {
	f, err := readBody(body)
	if err != nil {
		return nil, err
	}
	var r ProviderToken
	name, err := f.needText("provider")
	if err != nil {
		return nil, err
	}
	if r.IDToken, err = f.needText("id_token"); err != nil {
		return nil, err
	}
	if r.Nonce, err = f.needText("nonce"); err != nil {
		return nil, err
	}
	if r.AccessToken, _, err = f.text("access_token"); err != nil {
		return nil, err
	}
	provider, err := s.o.Providers.provider(name)
	if err != nil {
		return nil, err
	}
	g := grant{Provider: name}
	if string(f["link_identity"]) == "true" {
		l, err := s.mayChangeIdentities(ctx, c.Credentials)
		if err != nil {
			return nil, err
		}
		g.User, g.Session = l.user.ID, l.session.ID
	}
	if err := s.countFlow(ctx, c, "oauth code", triesAnHour); err != nil {
		return nil, err
	}
	who, err := provider.VerifyIDToken(ctx, r)
	if err != nil {
		s.logProvider(name, err)
		return nil, err
	}
	if err := s.burn(ctx, r.IDToken, who.Until); err != nil {
		return nil, err
	}
	g.Foreign = *who
	var out *Session
	err = rerun(ctx, func() error {
		out, err = s.enter(ctx, &g, c)
		return err
	})
	return out, err
}

// burn notes that a token was shown, until it cannot be shown again in any case.
// What is signed names it: a signature may be spelt in two ways.
func (s *Service) burn(ctx context.Context, token string, until time.Time) error {
	signed := token[:max(strings.LastIndexByte(token, '.'), 0)]
	sum := sha256.Sum256([]byte(signed))
	now := s.o.Now()
	id := "id_token:" + hex.EncodeToString(sum[:])
	w, err := put(colOTPs, id, 0, &otpDoc{ID: id, Purpose: "id_token", Expires: until, Created: now})
	if err != nil {
		return err
	}
	if err := s.commit(ctx, now, w); err != nil {
		if moved(err) {
			return &hutch.Error{Code: hutch.InvalidCredentials, Field: "id_token", Message: "the id_token was used before"}
		}
		return err
	}
	return nil
}

// enter signs in who a provider names, or links: the table of S4. It is one
// commit, with ws; the caller repeats it where that loses.
func (s *Service) enter(ctx context.Context, g *grant, c Client, ws ...data.Write) (*Session, error) {
	known, err := load[identityDoc](ctx, s.o.System, colIdentities, foreignID(g.Foreign.Issuer, g.Foreign.Subject))
	if err != nil {
		return nil, err
	}
	e := &entry{s: s, g: g, c: c, now: s.o.Now(), known: known, ws: ws}
	if g.User != "" {
		return e.link(ctx)
	}
	if known != nil {
		u, err := load[userDoc](ctx, s.o.System, colUsers, known.User)
		if err != nil {
			return nil, err
		}
		if u != nil && u.linkOf(known.IdentityID) >= 0 {
			return e.again(ctx, u)
		}
	}
	return e.first(ctx)
}
