package server

import (
	"bytes"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/hutch-dev/hutch"
)

// publicURL is where the app is to be found: all links come from it, never
// from a request.
type publicURL struct {
	text, scheme, host string // "": the listener's
}

func parsePublicURL(s string) (publicURL, error) {
	if s == "" {
		return publicURL{}, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return publicURL{}, &hutch.Error{Code: hutch.InvalidArgument, Field: "publicUrl", Message: "publicUrl is http(s)://host[:port]"}
	}
	return publicURL{text: u.Scheme + "://" + strings.ToLower(u.Host), scheme: u.Scheme, host: strings.ToLower(u.Host)}, nil
}

// PublicURL is Options.PublicURL, or the listener's where that is loopback; ""
// before Serve.
func (s *Server) PublicURL() string {
	if s.public.text != "" {
		return s.public.text
	}
	if h, ok := s.hosts.listener.Load().(string); ok && s.hosts.loopback.Load() {
		return "http://" + h
	}
	return ""
}

// hosts is what the listener says of names.
type hosts struct {
	listener atomic.Value // string, host:port
	loopback atomic.Bool
	desk     atomic.Value // string, host:port of the dashboard's
}

func (h *hosts) listen(a net.Addr) {
	h.loopback.Store(addrOf(a).IsLoopback())
	h.listener.Store(a.String())
}

// through looks behind a listed proxy: only one of those may name the client.
func (r *request) through() {
	if !contains(r.srv.o.Proxies, r.addr) {
		r.head.forwardedProto, r.head.forwardedHost = nil, nil
		return
	}
	r.proxied = true
	for list := r.head.forwardedFor; len(list) > 0; { // the right-most hop that is no proxy
		var hop []byte
		if i := bytes.LastIndexByte(list, ','); i >= 0 {
			hop, list = list[i+1:], list[:i]
		} else {
			hop, list = list, nil
		}
		addr, ok := parseHop(string(bytes.TrimSpace(hop)))
		if !ok {
			return
		}
		r.addr, r.ip = addr, addr.String()
		if !contains(r.srv.o.Proxies, addr) {
			return
		}
	}
}

func parseHop(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().WithZone(""), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

func contains(ps []netip.Prefix, a netip.Addr) bool {
	for _, p := range ps {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// requestID is ours, or a listed proxy's.
func (r *request) requestID() string {
	if id := r.head.requestID; r.proxied && len(id) >= 8 && len(id) <= 64 {
		ok := true
		for _, c := range id {
			ok = ok && (c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-')
		}
		if ok {
			return string(id)
		}
	}
	return r.srv.ids.next()
}

// host is the name under which the client reached the server.
func (r *request) host() string {
	if r.proxied && len(r.head.forwardedHost) > 0 {
		return strings.ToLower(string(r.head.forwardedHost))
	}
	return strings.ToLower(string(r.head.host))
}

func (r *request) scheme() string {
	if r.proxied && equalFold(r.head.forwardedProto, "https") || r.fctx.IsTLS() {
		return "https"
	}
	return "http"
}

// checkHost refuses, at the dashboard and in dev, names other than localhost: a page of another
// name that resolves to 127.0.0.1 must not reach it.
func (r *request) checkHost() *hutch.Error {
	if r.deskOnly() && !r.srv.deskHost(r.host()) {
		return &hutch.Error{Code: hutch.InvalidArgument, HTTP: 421, Message: "this is not the dashboard's name", Hint: "name it in admin.host", Field: "Host"}
	}
	if !r.srv.o.Dev {
		return nil
	}
	name := r.head.host
	if i := bytes.LastIndexByte(name, ':'); i >= 0 && bytes.IndexByte(name[i:], ']') < 0 {
		name = name[:i]
	}
	if equalFold(name, "localhost") || string(name) == "127.0.0.1" || string(name) == "[::1]" {
		return nil
	}
	if r.srv.o.Exposed && r.srv.knownHost(strings.ToLower(string(r.head.host))) {
		return nil
	}
	return &hutch.Error{Code: hutch.InvalidArgument, HTTP: 421, Message: "dev answers localhost, 127.0.0.1 and [::1] only", Field: "Host"}
}

// knownHost reports whether host[:port] is publicUrl's, the listener's, an IP
// address or localhost: a name that somebody rebound is none of these.
func (s *Server) knownHost(host string) bool {
	if l, ok := s.hosts.listener.Load().(string); host == s.public.host && host != "" || ok && host == l {
		return true
	}
	return s.deskHost(host) || s.public.host != "" && bareName(host) == bareName(s.public.host)
}

// deskHost reports whether host[:port] is the dashboard's: admin.host, the address of
// its listener, an IP address or localhost. The app's name is not: browsers send
// cookies of a name to all its ports.
func (s *Server) deskHost(host string) bool {
	name := bareName(host)
	if l, ok := s.hosts.desk.Load().(string); ok && host == l || s.o.Desk.Host != "" && name == s.o.Desk.Host || name == "localhost" {
		return true
	}
	_, err := netip.ParseAddr(name)
	return err == nil
}

func hostname(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return hostport
}
