package captcha

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

const (
	wholeCall   = 5 * time.Second
	wholeAnswer = 64 << 10
	maxToken    = 8 << 10 // bytes
)

// row is a provider: where it checks tokens.
type row struct{ name, endpoint string }

var rows = []row{
	{"turnstile", "https://challenges.cloudflare.com/turnstile/v0/siteverify"},
	{"hcaptcha", "https://api.hcaptcha.com/siteverify"},
}

// Options of a Checker. Provider and Secret are needed.
type Options struct {
	Provider string // turnstile or hcaptcha
	Secret   hutch.Secret
	// Hosts are the pages' that may show the captcha; nil: any. The public URL's
	// name of this machine stands for any too, as nothing is to be protected there.
	Hosts    func() []string
	Endpoint string // in place of the provider's, for tests: http on loopback too
}

// Checker asks one provider. It is safe for concurrent use.
type Checker struct {
	endpoint string
	secret   hutch.Secret
	hosts    func() []string
	client   *http.Client
}

var _ auth.Captcha = (*Checker)(nil)

// New makes a Checker; it asks nothing of the provider. invalid_argument.
func New(o Options) (*Checker, error) {
	i := slices.IndexFunc(rows, func(r row) bool { return r.name == o.Provider })
	if i < 0 {
		return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "auth.captcha.provider", Message: "a captcha is of turnstile or hcaptcha"}
	}
	if o.Secret.Reveal() == "" {
		return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "auth.captcha.secret", Message: "a captcha needs the provider's secret"}
	}
	c := &Checker{endpoint: rows[i].endpoint, secret: o.Secret, hosts: o.Hosts}
	if o.Endpoint != "" {
		u, err := url.Parse(o.Endpoint)
		if err != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
			return nil, &hutch.Error{Code: hutch.InvalidArgument, Message: "a captcha is checked over https"}
		}
		c.endpoint = o.Endpoint
	}
	c.client = &http.Client{
		Timeout: wholeCall,
		Transport: &http.Transport{
			TLSHandshakeTimeout: wholeCall, ResponseHeaderTimeout: wholeCall,
			MaxResponseHeaderBytes: wholeAnswer, ForceAttemptHTTP2: true, DisableCompression: true,
			MaxIdleConnsPerHost: 4, MaxConnsPerHost: 32, IdleConnTimeout: 30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("a redirect") },
	}
	return c, nil
}

// answer is what both providers say; names that only one of them has are left out.
type answer struct {
	Success  bool     `json:"success"`
	Hostname string   `json:"hostname"`
	Errors   []string `json:"error-codes"`
}

// ours are the codes of a request that is wrong whatever the token is, and of a
// provider in trouble.
var ours = []string{
	"missing-input-secret", "invalid-input-secret", "not-using-dummy-secret", "sitekey-secret-mismatch",
	"bad-request", "internal-error",
}

// Check asks whether a token is good, which it is once: captcha_failed,
// unavailable.
func (c *Checker) Check(ctx context.Context, token string) error {
	if token == "" || len(token) > maxToken {
		return failed()
	}
	a, err := c.ask(ctx, token)
	if err != nil {
		return &hutch.Error{Code: hutch.Unavailable, Message: "the captcha cannot be checked just now", Err: err}
	}
	for _, e := range a.Errors {
		if slices.Contains(ours, e) && !a.Success {
			return &hutch.Error{
				Code: hutch.Unavailable, Message: "the captcha cannot be checked just now", Err: fmt.Errorf("the provider answers %s", e),
			}
		}
	}
	if !a.Success || !c.shownHere(a.Hostname) {
		return failed()
	}
	return nil
}

func failed() error {
	return &hutch.Error{
		Code: hutch.CaptchaFailed, Field: "gotrue_meta_security.captcha_token", Message: "the captcha is not solved, or was used before",
	}
}

// ask does the call. Its errors name neither secret nor token: both are in the
// body only.
func (c *Checker) ask(ctx context.Context, token string) (a answer, err error) {
	form := url.Values{"secret": {c.secret.Reveal()}, "response": {token}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return a, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "Hutch")
	res, err := c.client.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, wholeAnswer+1))
	switch {
	case err != nil:
		return a, err
	case len(body) > wholeAnswer:
		return a, errors.New("the provider answers more than 64 KiB")
	}
	// Turnstile refuses tokens with 400 and the same body.
	if err := json.Unmarshal(body, &a); err != nil || !a.Success && len(a.Errors) == 0 || a.Success && res.StatusCode != http.StatusOK {
		return a, fmt.Errorf("the provider answers %s, and nothing that says yes or no", res.Status)
	}
	return a, nil
}

// shownHere reports whether the page of a captcha is one of ours. hCaptcha tells
// none to some accounts, as "not-provided".
func (c *Checker) shownHere(host string) bool {
	if host == "" || host == "not-provided" || c.hosts == nil {
		return true
	}
	allowed := c.hosts()
	return allowed == nil || slices.ContainsFunc(allowed, func(h string) bool {
		return strings.EqualFold(h, host) || loopback(h)
	})
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
