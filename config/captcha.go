package config

import "github.com/hutch-dev/hutch"

// Captcha is what keeps programs from signing up, signing in and having mail
// sent.
type Captcha struct {
	Provider string       // turnstile or hcaptcha
	Secret   hutch.Secret // empty: it is off
}

func (c *Captcha) keys() []key {
	return []key{
		required(choice("provider", "Who shows and checks it.", &c.Provider, "turnstile", "hcaptcha")),
		required(secret("secret", "The provider's secret key. Empty: no captcha.", &c.Secret, anyText)),
	}
}
