package server_test

import (
	"context"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

var errNoFactor = &hutch.Error{Code: hutch.FactorNotFound, Message: "you have no such factor"}

func (p *people) Enroll(_ context.Context, cr auth.Credentials, _ []byte) (*auth.Enrolled, error) {
	if _, err := p.present(cr); err != nil {
		return nil, err
	}
	return &auth.Enrolled{ID: "f1", Type: "totp"}, nil
}

func (p *people) ChallengeFactor(_ context.Context, cr auth.Credentials, id string, _ []byte) (*auth.FactorChallenge, error) {
	if _, err := p.present(cr); err != nil {
		return nil, err
	}
	if id != "f1" {
		return nil, errNoFactor
	}
	return &auth.FactorChallenge{ID: "c1", Type: "totp", ExpiresAt: 1}, nil
}

func (p *people) VerifyFactor(_ context.Context, cr auth.Credentials, id string, _ []byte, _ auth.Client) (*auth.Session, error) {
	if _, err := p.present(cr); err != nil {
		return nil, err
	}
	if id != "f1" {
		return nil, errNoFactor
	}
	return &auth.Session{AccessToken: "t", User: &auth.User{ID: "u1"}}, nil
}

func (p *people) Unenroll(_ context.Context, cr auth.Credentials, id string) error {
	_, err := p.present(cr)
	if err == nil && id != "f1" {
		err = errNoFactor
	}
	return err
}
