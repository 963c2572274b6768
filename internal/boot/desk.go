package boot

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/server"
)

const codeAdmin = "admin"

// operators says how operators sign in.
func (a *App) operators() auth.OperatorOptions {
	o := auth.OperatorOptions{MFA: a.o.Config.Admin.MFA, Origin: a.DashboardURL}
	if a.o.Dev {
		o.MFA = auth.MFAOff
	}
	return o
}

// desk is the dashboard as the server shows it.
func (a *App) desk() server.Desk {
	d := server.Desk{Operators: a.Auth.Operators(), Files: a.o.Dashboard, App: a.o.Config.Name}
	if !a.o.Dev {
		d.Host = a.o.Config.Admin.Host
	}
	return d
}

// deskApart refuses one name for the app and the dashboard: the app's pages would
// share an origin with operators' sessions.
func (a *App) deskApart() error {
	host := a.o.Config.Admin.Host
	if host == "" {
		return nil
	}
	if u, err := url.Parse(a.publicURL()); err == nil && strings.EqualFold(u.Hostname(), host) {
		return &ConfigError{[]hutch.Diagnostic{{
			Pos: a.o.Config.Pos("admin.host"), Code: codeAdmin, Message: "admin.host and publicUrl are the same name", Hint: "the dashboard needs one of its own",
		}}}
	}
	return nil
}

// DashboardURL is the origin of the dashboard; "" where there is none.
func (a *App) DashboardURL() string {
	switch host := a.o.Config.Admin.Host; {
	case a.o.Dev:
		return localURL(a.o.Base)
	case host != "":
		u, err := url.Parse(a.publicURL())
		if err != nil || u.Scheme != "http" {
			return "https://" + host
		}
		if u.Port() != "" {
			host = net.JoinHostPort(host, u.Port())
		}
		return "http://" + host
	case a.o.Desk != nil:
		return localURL("http://" + a.o.Desk.Addr().String())
	}
	return ""
}

// localURL names loopback localhost: authenticators make keys for names only.
func localURL(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	addr, err := netip.ParseAddr(u.Hostname())
	if err != nil || !addr.Unmap().IsLoopback() && !addr.IsUnspecified() {
		return base
	}
	u.Host = net.JoinHostPort("localhost", u.Port())
	return u.String()
}
