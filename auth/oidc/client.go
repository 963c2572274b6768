package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/hutch-dev/hutch"
)

var (
	errPrivate  = errors.New("a private address")
	errRedirect = errors.New("a redirect")
	errScheme   = errors.New("not https")
	errLarge    = errors.New("more than 1 MiB")
)

// client makes the calls to one provider. home is the host and port that its
// issuer names, which may be private: whoever wrote the row said so.
func client(issuer *url.URL) *http.Client {
	home := endpoint(issuer)
	open := &net.Dialer{Timeout: wholeCall}
	guarded := &net.Dialer{Timeout: wholeCall, Control: func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !public(a.Addr()) {
			return errPrivate
		}
		return nil
	}}
	t := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.EqualFold(address, home) {
				return open.DialContext(ctx, network, address)
			}
			return guarded.DialContext(ctx, network, address)
		},
		TLSHandshakeTimeout: wholeCall, ResponseHeaderTimeout: wholeCall, MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, MaxConnsPerHost: 32, IdleConnTimeout: 30 * time.Second,
	}
	return &http.Client{
		Timeout: wholeCall, Transport: &bounded{next: t, home: home},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
	}
}

// bounded refuses plain HTTP but at home, and answers that are too large.
type bounded struct {
	next http.RoundTripper
	home string
}

func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && (r.URL.Scheme != "http" || endpoint(r.URL) != b.home || !loopback(r.URL.Hostname())) {
		return nil, errScheme
	}
	res, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if res.ContentLength > wholeBody {
		res.Body.Close()
		return nil, errLarge
	}
	res.Body = &limited{ReadCloser: res.Body, left: wholeBody}
	return res, nil
}

type limited struct {
	io.ReadCloser
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if l.left -= n; l.left < 0 {
		return 0, errLarge
	}
	return n, err
}

// special are the networks that are not the public internet, besides those
// that netip knows (RFC 6890 and its registries).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("5f00::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

// public reports whether an address is one of the public internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// get reads a JSON answer.
func (p *Provider) get(ctx context.Context, at, bearer string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return unreachable("the provider names an address that is none", err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "Hutch")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return unreachable("the provider does not answer", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return unreachable("the provider answers "+res.Status, nil)
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return unreachable("the provider's answer cannot be read", err)
	}
	return nil
}

// unreachable is a provider that does not do its part; its cause is for the log.
func unreachable(message string, err error) error {
	if err == nil {
		err = errors.New(message)
	}
	return &hutch.Error{Code: hutch.Unavailable, Message: "the provider cannot be reached as it should", Err: errors.Join(errors.New(message), err)}
}
