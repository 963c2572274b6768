package config

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
)

// Store is what the URL in `store` says. The zero value is the embedded one.
type Store struct {
	Scheme   string // mongodb or mongodb+srv
	Database string // "": the URL names none
	hosts    []string
	user     string
	options  url.Values // by lower-case names
}

const (
	storeHint  = "mongodb://host/database, or empty for the embedded store"
	secureHint = "tls=true and user:password in the URL; tls=false in it says that the network is trusted"
	maxDBName  = 63 // bytes
)

// ParseStore reads the URL of a store, and refuses one that would show the data
// to a network: a MongoDB of another host without TLS or credentials, unless the
// URL says tls=false. The URL is a secret: errors show nothing of it.
func ParseStore(text string) (Store, error) {
	if text == "" {
		return Store{}, nil
	}
	scheme, rest, ok := strings.Cut(text, "://")
	s := Store{Scheme: scheme}
	if !ok || scheme != "mongodb" && scheme != "mongodb+srv" {
		return s, badStore("is no store that Hutch knows", storeHint)
	}
	at := strings.Count(rest, "@")
	rest, query, _ := strings.Cut(rest, "?")
	authority, db, _ := strings.Cut(rest, "/")
	if user, hosts, ok := strings.Cut(authority, "@"); ok {
		s.user, authority, at = user, hosts, at-1
	}
	if at > 0 { // where a driver might find another host than we do
		return s, badStore("has an @ too many", "in a user, a password or an option it is written as %40")
	}
	s.hosts = strings.Split(authority, ",")
	if slices.Contains(s.hosts, "") || scheme == "mongodb+srv" && len(s.hosts) != 1 {
		return s, badStore("names no host", storeHint)
	}
	var err error
	if s.Database, err = url.PathUnescape(db); err != nil || badDatabase(s.Database) {
		return s, badStore("names a database that MongoDB does not take", "1 to 63 characters without /\\. \"$*<>:|?, and not admin, local or config")
	}
	if s.options, err = options(query); err != nil {
		return s, err
	}
	return s, s.secure()
}

// DatabaseOf is the database of an app where the URL names none: hutch_<name>, as
// it is written, since MongoDB takes dashes; a name too long ends in its hash.
func DatabaseOf(app string) string {
	name := "hutch_" + app
	if len(name) <= maxDBName {
		return name
	}
	sum := sha256.Sum256([]byte(app))
	return name[:maxDBName-9] + "_" + hex.EncodeToString(sum[:4])
}

func badStore(problem, hint string) error {
	return hutch.Errorf(hutch.InvalidArgument, "the URL of the store %s", problem).WithHint(hint)
}

// badDatabase: what no platform's MongoDB takes, and its own.
func badDatabase(name string) bool {
	return len(name) > maxDBName || strings.ContainsAny(name, "/\\. \"$*<>:|?\x00") || slices.Contains([]string{"admin", "local", "config"}, name)
}

// options reads those of a URL; what is written twice is refused where it decides.
func options(query string) (url.Values, error) {
	written, err := url.ParseQuery(query)
	if err != nil {
		return nil, badStore("has options that cannot be read", "name=value, with & between them")
	}
	out := url.Values{}
	for name, values := range written {
		name = strings.ToLower(name)
		if name == "ssl" {
			name = "tls"
		}
		out[name] = append(out[name], values...)
	}
	for _, name := range append([]string{"tls", "authmechanism"}, unverified...) {
		vs := out[name]
		if len(vs) > 1 {
			return nil, badStore("says "+name+" twice", "")
		}
		if name != "authmechanism" && len(vs) == 1 && vs[0] != "true" && vs[0] != "false" {
			return nil, badStore("says neither "+name+"=true nor "+name+"=false", "")
		}
	}
	return out, nil
}

// unverified are the options by which TLS talks to whoever answers.
var unverified = []string{"tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames"}

// secure refuses a URL that shows the data to a network without saying so.
func (s *Store) secure() error {
	tls := s.options.Get("tls")
	if tls == "false" || s.Scheme == "mongodb" && !slices.ContainsFunc(s.hosts, remote) {
		return nil
	}
	if tls != "true" && s.Scheme != "mongodb+srv" { // there it is the default
		return badStore("names another host without TLS", secureHint)
	}
	for _, name := range unverified {
		if s.options.Get(name) == "true" {
			return badStore("names another host and asks for TLS without checking it", "leave "+name+" out; tlsCAFile names a CA of your own")
		}
	}
	if s.credentials() {
		return nil
	}
	return badStore("names another host without credentials", secureHint)
}

// credentials reports whether the connection proves who it is: by name and
// password, or by a mechanism that takes its proof from elsewhere.
func (s *Store) credentials() bool {
	switch strings.ToUpper(s.options.Get("authmechanism")) {
	case "MONGODB-X509", "MONGODB-AWS", "MONGODB-OIDC":
		return true
	}
	name, password, _ := strings.Cut(s.user, ":")
	return name != "" && password != ""
}

// remote reports whether a host of a URL is another than this one.
func remote(host string) bool {
	if sock, err := url.PathUnescape(host); err == nil && strings.HasPrefix(sock, "/") {
		return false
	}
	name := host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name = host[:i]
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if strings.EqualFold(name, "localhost") {
		return false
	}
	addr, err := netip.ParseAddr(name)
	return err != nil || !addr.Unmap().IsLoopback()
}
