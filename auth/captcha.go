package auth

import (
	"context"

	"github.com/hutch-dev/hutch"
)

// Captcha says whether a token proves that a person filled in a form:
// auth/captcha. Its errors are captcha_failed, and unavailable where the
// provider does not say.
type Captcha interface {
	Check(ctx context.Context, token string) error
}

// captcha gives the token of a body, where GoTrue's clients put it; "" is none.
func (f fields) captcha() (string, error) {
	const name = "gotrue_meta_security"
	meta, err := f.object(name)
	if err != nil {
		return "", err
	}
	token, _, err := meta.text("captcha_token")
	if err != nil {
		return "", invalid(name+".captcha_token", "a text is needed")
	}
	return token, nil
}

// person lets those pass who have solved a captcha, and service keys. It comes
// before all else that a route does: what it refuses is neither looked up nor
// hashed, sent or counted against an account. captcha_failed, unavailable,
// over_request_rate_limit.
func (s *Service) person(ctx context.Context, token string, c Client) error {
	switch {
	case s.o.Captcha == nil || c.ServiceKey:
		return nil
	case token == "":
		return &hutch.Error{
			Code: hutch.CaptchaFailed, Field: "gotrue_meta_security.captcha_token", Message: "solve the captcha first",
		}
	}
	// Each check is a call to the provider, so a network has so many.
	if err := s.countFlow(ctx, c, "captcha", triesAnHour); err != nil {
		return err
	}
	return s.o.Captcha.Check(ctx, token)
}
