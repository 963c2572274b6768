package oidc

import (
	"net/netip"
	"time"
)

// What tests of the package's outside need of its inside.

func Public(a netip.Addr) bool { return public(a) }

// Hurry shortens a call to the provider.
func (p *Provider) Hurry(d time.Duration) { p.client.Timeout = d }
