package quickjs

import (
	"encoding/json"
	"strings"

	"github.com/nlnwa/whatwg-url/url"
)

type urlParts struct {
	Href     string `json:"href"`
	Origin   string `json:"origin"`
	Protocol string `json:"protocol"`
	Username string `json:"username"`
	Password string `json:"password"`
	Host     string `json:"host"`
	Hostname string `json:"hostname"`
	Port     string `json:"port"`
	Pathname string `json:"pathname"`
	Search   string `json:"search"`
	Hash     string `json:"hash"`
}

func urlJSON(u *url.Url) (string, error) {
	origin := "null"
	switch strings.TrimSuffix(u.Protocol(), ":") {
	case "http", "https", "ws", "wss", "ftp":
		origin = u.Protocol() + "//" + u.Host()
	}
	b, err := json.Marshal(urlParts{
		Href: u.Href(false), Origin: origin, Protocol: u.Protocol(), Username: u.Username(), Password: u.Password(),
		Host: u.Host(), Hostname: u.Hostname(), Port: u.Port(), Pathname: u.Pathname(), Search: u.Search(), Hash: u.Hash(),
	})
	return string(b), err
}

// parseURL gives a URL's parts as JSON, "" for none.
func parseURL(s, base string) (string, error) {
	var u *url.Url
	var err error
	if base == "" {
		u, err = url.Parse(s)
	} else {
		u, err = url.ParseRef(base, s)
	}
	if err != nil {
		return "", nil //nolint:nilerr // it is no URL: "" says so
	}
	return urlJSON(u)
}

// setURL gives the parts of href with one changed.
func setURL(href, part, value string) (string, error) {
	u, err := url.Parse(href)
	if err != nil {
		return "", err
	}
	set, ok := map[string]func(string){
		"protocol": u.SetProtocol, "username": u.SetUsername, "password": u.SetPassword, "host": u.SetHost,
		"hostname": u.SetHostname, "port": u.SetPort, "pathname": u.SetPathname, "search": u.SetSearch, "hash": u.SetHash,
	}[part]
	if !ok {
		return "", errMalformed
	}
	set(value)
	return urlJSON(u)
}
