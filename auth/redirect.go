package auth

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
)

const maxRedirect = 2048 // bytes

// Redirects says where a flow may send a browser: to the public URL's own origin
// and to what patterns name.
type Redirects struct{ list []redirectPattern }

type redirectPattern struct {
	scheme, host, port string   // host begins with "*." for any one label
	path               []string // segments, in which * is any run of characters; the last may be **
}

// neverSchemes run or show what they are given, or reach something else.
var neverSchemes = []string{
	"about", "blob", "chrome", "data", "file", "filesystem", "ftp", "http", "intent",
	"javascript", "jar", "mailto", "resource", "vbscript", "view-source", "ws", "wss",
}

// ParseRedirects reads patterns: a URL of https, of http on localhost, or of a
// scheme of an app. * stands in a path for part of a segment, ** at its end for
// the rest, a host may begin with "*.". invalid_argument with what is wrong.
func ParseRedirects(patterns []string) (*Redirects, error) {
	r := &Redirects{}
	for _, text := range patterns {
		bad := func(why string) error {
			return &hutch.Error{Code: hutch.InvalidArgument, Field: "auth.redirects", Message: text + ": " + why}
		}
		wild := strings.Contains(text, "://*.")
		u, why := parseRedirect(strings.Replace(text, "://*.", "://", 1))
		if why != "" {
			return nil, bad(why)
		}
		p := patternOf(u)
		switch {
		case u.RawQuery != "" || u.ForceQuery:
			return nil, bad("a pattern has no query")
		case strings.ContainsAny(p.scheme+p.host+p.port, "*"):
			return nil, bad("* stands in paths, or as *. before a host")
		case wild && (p.scheme != "https" || strings.Count(p.host, ".") < 1 || net.ParseIP(p.host) != nil):
			return nil, bad("*. goes before a domain of https")
		}
		for i, seg := range p.path {
			if strings.Contains(seg, "**") && (seg != "**" || i != len(p.path)-1) {
				return nil, bad("** stands alone at the end, after a /")
			}
		}
		if wild {
			p.host = "*." + p.host
		}
		r.list = append(r.list, p)
	}
	return r, nil
}

// Allow gives the address to send to: target where base's origin or a pattern
// allows it, else base. On one's own machine localhost and 127.0.0.1 are one origin.
func (r *Redirects) Allow(target, base string) *url.URL {
	site, err := url.Parse(base)
	if err != nil {
		site = &url.URL{}
	}
	u, why := parseRedirect(target)
	if why != "" {
		return site
	}
	p := patternOf(u)
	if own, bad := parseRedirect(base); bad == "" {
		o := patternOf(own)
		if p.scheme == o.scheme && p.port == o.port && (p.host == o.host || isLoopback(p.host) && isLoopback(o.host)) {
			return u
		}
	}
	if slices.ContainsFunc(r.list, func(l redirectPattern) bool { return l.matches(&p) }) {
		return u
	}
	return site
}

// parseRedirect takes only what every browser reads as url.Parse does. why is
// "" where the address will do.
func parseRedirect(s string) (u *url.URL, why string) {
	if s == "" || len(s) > maxRedirect {
		return nil, "an address of 1 to 2048 characters"
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"<>^`{|}#", c) >= 0 {
			return nil, "an address has no spaces, backslash, fragment or letters that need encoding"
		}
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme == "" || u.Opaque != "":
		return nil, "an address is scheme://host/path"
	case u.User != nil || strings.Contains(u.Host, "@"):
		return nil, "an address has no user"
	case strings.Contains(u.Host, "%") || strings.HasSuffix(u.Host, ":") || strings.HasSuffix(u.Hostname(), "."):
		return nil, "the host is not valid"
	}
	host := strings.ToLower(u.Hostname())
	local := isLoopback(host)
	switch {
	case u.Scheme == "https" || u.Scheme == "http" && local:
		if host == "" || !strings.HasPrefix(strings.ToLower(s), u.Scheme+"://"+strings.ToLower(u.Host)) {
			return nil, "the host is missing"
		}
	case u.Scheme == "http":
		return nil, "http is for localhost only"
	case slices.Contains(neverSchemes, u.Scheme):
		return nil, "the scheme is none of an app"
	}
	for seg := range strings.SplitSeq(strings.ToLower(u.EscapedPath()), "/") {
		seg = strings.ReplaceAll(seg, "%2e", ".")
		if seg == "." || seg == ".." || strings.Contains(seg, "%2f") || strings.Contains(seg, "%5c") || strings.Contains(seg, "%00") {
			return nil, "a path has no dot segments and no encoded slashes"
		}
	}
	return u, ""
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

func patternOf(u *url.URL) redirectPattern {
	p := redirectPattern{scheme: u.Scheme, host: strings.ToLower(u.Hostname()), port: u.Port()}
	if p.port == "" {
		p.port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	p.path = strings.Split(path[1:], "/")
	return p
}

func (p *redirectPattern) matches(t *redirectPattern) bool {
	if p.scheme != t.scheme || p.port != t.port {
		return false
	}
	if domain, ok := strings.CutPrefix(p.host, "*"); ok {
		label, found := strings.CutSuffix(t.host, domain)
		if !found || label == "" || strings.Contains(label, ".") {
			return false
		}
	} else if p.host != t.host {
		return false
	}
	for i, seg := range p.path {
		if i >= len(t.path) {
			return false
		}
		if seg == "**" {
			return true
		}
		if !matchSegment(seg, t.path[i]) {
			return false
		}
	}
	return len(p.path) == len(t.path)
}

// matchSegment compares where * is any run of characters.
func matchSegment(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(s, part)
		if !found {
			return false
		}
		s = after
	}
	return strings.HasSuffix(s, parts[last])
}
