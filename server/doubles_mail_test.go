package server_test

import (
	"context"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// mailed stands for mailed links and codes: the link good is valid.
type mailed struct{}

func (mailed) Landing(_ context.Context, r auth.LandingRequest) (*auth.Landing, error) {
	return &auth.Landing{Type: r.Type, Good: r.Token == "good", Password: r.Type == "signup", Site: "https://shop.example"}, nil
}

func (mailed) Follow(_ context.Context, r auth.LandingRequest, _ auth.Client) (string, error) {
	switch {
	case r.Token == "busy":
		return "", &hutch.Error{Code: hutch.OverRequestRateLimit, Message: "too many tries; wait"}
	case r.Token != "good":
		return "", &hutch.Error{Code: hutch.OTPExpired, Message: "the link or code is not valid"}
	case r.Password == "taken":
		return "", &hutch.Error{Code: hutch.ValidationFailed, Field: "data.nick", Message: "another account has this"}
	case r.Type == "signup" && r.Password != "right":
		return "", &hutch.Error{Code: hutch.InvalidCredentials, Message: "e-mail or password is wrong"}
	}
	return "https://shop.example/in?code=c", nil
}

func (mailed) VerifyMailed(_ context.Context, r auth.VerifyRequest, _ auth.Client) (*auth.Session, error) {
	switch r.TokenHash {
	case "good":
		return &auth.Session{AccessToken: "t", User: &auth.User{ID: "u1"}}, nil
	case "half":
		return &auth.Session{User: &auth.User{ID: "u1"}}, nil
	case "undo":
		return nil, nil
	}
	return nil, &hutch.Error{Code: hutch.OTPExpired, Message: "the link or code is not valid"}
}

func (mailed) Recover(context.Context, auth.RecoverRequest, auth.Client) error { return nil }

func (mailed) MagicLink(_ context.Context, r auth.RecoverRequest, _ auth.Client) error {
	if r.Flow.Redirect == "" {
		return nil
	}
	return &hutch.Error{Code: hutch.ValidationFailed, Field: "redirect", Message: r.Flow.Redirect}
}

func (mailed) Resend(context.Context, auth.RecoverRequest, auth.Client) error { return nil }

func (p *people) Reauthenticate(_ context.Context, cr auth.Credentials, _ auth.Client) error {
	_, err := p.present(cr)
	return err
}
