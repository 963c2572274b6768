package main

import (
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/auth/captcha"
	"github.com/hutch-dev/hutch/internal/boot"
)

// newCaptcha opens what auth.captcha names.
func newCaptcha(o boot.CaptchaOptions) (auth.Captcha, error) {
	return captcha.New(captcha.Options{Provider: o.Provider, Secret: o.Secret, Hosts: o.Hosts})
}
