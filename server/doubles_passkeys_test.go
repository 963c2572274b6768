package server_test

import (
	"context"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func (p *people) PasskeyOptions(_ context.Context, cr auth.Credentials, _ auth.Client) (*auth.PasskeyChallenge, error) {
	_, err := p.present(cr)
	return &auth.PasskeyChallenge{ChallengeID: "c1"}, err
}

func (p *people) AddPasskey(_ context.Context, cr auth.Credentials, _ []byte, _ auth.Client) (*auth.Passkey, error) {
	_, err := p.present(cr)
	return &auth.Passkey{ID: "p1"}, err
}

func (p *people) PasskeyChallenge(_ context.Context, body []byte, _ auth.Client) (*auth.PasskeyChallenge, error) {
	return &auth.PasskeyChallenge{ChallengeID: "c2", Options: string(body)}, nil
}

func (p *people) EnterByPasskey(_ context.Context, body []byte, _ auth.Client) (*auth.Session, error) {
	if string(body) == `{"challenge_id":"used"}` {
		return nil, &hutch.Error{Code: hutch.WebAuthnExpired, Message: "the challenge was used"}
	}
	return &auth.Session{AccessToken: "t", User: &auth.User{ID: "u1"}}, nil
}

func (p *people) Passkeys(_ context.Context, c auth.Credentials) ([]*auth.Passkey, error) {
	_, err := p.present(c)
	return []*auth.Passkey{{ID: "p1"}}, err
}

func (p *people) RenamePasskey(_ context.Context, c auth.Credentials, id string, body []byte) (*auth.Passkey, error) {
	_, err := p.present(c)
	return &auth.Passkey{ID: id, Name: string(body)}, err
}

func (p *people) RemovePasskey(_ context.Context, c auth.Credentials, id string) error {
	_, err := p.present(c)
	if err == nil && id != "p1" {
		return &hutch.Error{Code: hutch.WebAuthnNotFound, Message: "there is no such passkey"}
	}
	return err
}

func (p *people) PasskeysOf(_ context.Context, c auth.Credentials, _ string) ([]*auth.Passkey, error) {
	return []*auth.Passkey{{ID: "p1"}}, p.admin(c)
}

func (p *people) RemovePasskeyOf(_ context.Context, c auth.Credentials, id, passkey string) error {
	if err := p.admin(c); err != nil || id == "ann" && passkey == "p1" {
		return err
	}
	return &hutch.Error{Code: hutch.WebAuthnNotFound, Message: "there is no such passkey"}
}

func (p *people) RelatedOrigins() (auth.RelatedOrigins, error) {
	return auth.RelatedOrigins{Origins: []string{"https://shop.example"}}, nil
}
