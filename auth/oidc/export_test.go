package oidc

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/netip"
	"time"
)

// What tests of the package's outside need of its inside.

func Public(a netip.Addr) bool { return public(a) }

// Trust has the provider's certificate judged by these authorities, not the
// system's.
func (p *Provider) Trust(roots *x509.CertPool) {
	t := p.client.Transport.(*bounded).next.(*http.Transport)
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.TLSClientConfig.RootCAs = roots
}

// Hurry shortens a call to the provider.
func (p *Provider) Hurry(d time.Duration) { p.client.Timeout = d }
