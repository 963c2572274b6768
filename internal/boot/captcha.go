package boot

import (
	"log/slog"
	"net/url"
	"slices"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// CaptchaOptions is what a captcha gets to open.
type CaptchaOptions struct {
	Provider string
	Secret   hutch.Secret
	Hosts    func() []string // of the pages that may show it; nil as an answer: any
}

// OpenCaptcha makes what checks captchas; it does not dial.
type OpenCaptcha func(o CaptchaOptions) (auth.Captcha, error)

const codeCaptcha = "captcha"

// captcha opens it: nil where its secret is empty.
func (o *Options) captcha(publicURL func() string) (auth.Captcha, error) {
	c := &o.Config.Auth.Captcha
	if c.Secret.Reveal() == "" {
		if c.Provider != "" && o.Log != nil {
			o.Log.Warn("the captcha is off: its secret is empty", slog.String("provider", c.Provider))
		}
		return nil, nil
	}
	if o.Captcha == nil {
		return nil, hutch.Errorf(hutch.InvalidArgument, "this version has no captcha")
	}
	origins := o.Config.Origins
	return o.Captcha(CaptchaOptions{Provider: c.Provider, Secret: c.Secret, Hosts: func() []string {
		return pageHosts(publicURL(), origins)
	}})
}

// pageHosts are the names of the pages that may call: the public URL's and those
// of CORS. nil: any may.
func pageHosts(publicURL string, origins []string) []string {
	if slices.Contains(origins, "*") {
		return nil
	}
	hosts := []string{}
	for _, s := range append([]string{publicURL}, origins...) {
		if u, err := url.Parse(s); err == nil && u.Hostname() != "" {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}

// checkCaptcha finds one that would not open.
func (b *compiler) checkCaptcha(o *Options) {
	if o.Captcha == nil {
		return
	}
	checked := *o
	checked.Config, checked.Log = b.c, nil
	if _, err := checked.captcha(func() string { return "" }); err != nil {
		e := hutch.AsError(err)
		b.errorf(b.c.Pos("auth.captcha"), codeCaptcha, e.Hint, "auth.captcha: %s", e.Message)
	}
}
