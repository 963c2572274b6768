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

func (p *people) recovery(cr auth.Credentials) (*auth.RecoveryCodes, error) {
	_, err := p.present(cr)
	return &auth.RecoveryCodes{ID: "r1"}, err
}

func (p *people) RecoveryCodes(_ context.Context, cr auth.Credentials) (*auth.RecoveryCodes, error) {
	return p.recovery(cr)
}

func (p *people) AddRecoveryCodes(_ context.Context, cr auth.Credentials, _ []byte) (*auth.RecoveryCodes, error) {
	return p.recovery(cr)
}

func (p *people) RenewRecoveryCodes(_ context.Context, cr auth.Credentials) (*auth.RecoveryCodes, error) {
	return p.recovery(cr)
}

func (p *people) RemoveRecoveryCodes(_ context.Context, cr auth.Credentials) (string, error) {
	_, err := p.present(cr)
	return "r1", err
}

func (p *people) VerifyRecoveryCode(_ context.Context, cr auth.Credentials, _ []byte, _ auth.Client) (*auth.Session, error) {
	_, err := p.present(cr)
	return &auth.Session{AccessToken: "t", User: &auth.User{ID: "u1"}}, err
}

func (p *people) FactorsOf(_ context.Context, c auth.Credentials, _ string) ([]auth.Factor, error) {
	return []auth.Factor{}, p.admin(c)
}

func (p *people) RemoveFactorOf(_ context.Context, c auth.Credentials, _, id string) (*auth.Factor, error) {
	return &auth.Factor{ID: id}, p.admin(c)
}
