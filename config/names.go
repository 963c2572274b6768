package config

import (
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

var (
	appName    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	collName   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)
	funcName   = regexp.MustCompile(`^[a-z][A-Za-z0-9_-]{0,63}$`)
	helperName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}(\( *[A-Za-z_]\w*( *, *[A-Za-z_]\w*)* *\))?$`)
	paramName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)
)

func matching(re *regexp.Regexp, problem string) check {
	return func(s string) string {
		if !re.MatchString(s) {
			return problem
		}
		return ""
	}
}

var (
	badAppName    = matching(appName, "is no name: a lower-case letter, then lower-case letters, digits or dashes, at most 63 in all")
	badCollection = matching(collName, "is no name: a letter, then letters, digits, _ or -, at most 64 in all")
	badFunction   = matching(funcName, "is no name: a lower-case letter, then letters, digits, _ or -, at most 64 in all")
	badHelper     = matching(helperName, "is no helper: write name or name(argument, ..)")
	badParam      = matching(paramName, "is no parameter")
)

func oneOf(values ...string) check {
	return func(s string) string {
		if !slices.Contains(values, s) {
			return "is none of " + strings.Join(values, ", ")
		}
		return ""
	}
}

// badPath takes clean slash-separated paths below the app folder.
func badPath(s string, ends ...string) string {
	switch {
	case s == "":
		return "is empty"
	case s == ".":
		return "is the app folder itself; name a folder or file in it"
	case strings.ContainsAny(s, "\\\x00") || strings.ContainsFunc(s, unicode.IsControl):
		return "is no path"
	case !fs.ValidPath(strings.TrimSuffix(s, "/")):
		return "must be a path inside the app folder, without ./ and .."
	}
	for seg := range strings.SplitSeq(s, "/") {
		if strings.HasPrefix(seg, ".") {
			return "names a hidden file or folder"
		}
		if seg == "node_modules" {
			return "lies in node_modules"
		}
	}
	if len(ends) > 0 && !slices.ContainsFunc(ends, func(e string) bool { return strings.HasSuffix(s, e) }) {
		return "should end in " + strings.Join(ends, ", ")
	}
	if strings.HasSuffix(s, "/") {
		return "should not end in /"
	}
	return ""
}

// badPathName takes a dotted path of an app's own fields.
func badPathName(s string) string {
	segs := strings.Split(s, ".")
	if len(segs) > 32 {
		return "has more than 32 segments"
	}
	for i, seg := range segs {
		switch {
		case seg == "":
			return "has an empty segment"
		case strings.HasPrefix(seg, "$"), strings.ContainsRune(seg, 0):
			return "is no field name"
		case i == 0 && strings.HasPrefix(seg, "_"):
			return "is a system field"
		}
	}
	return ""
}

// badIndexField takes system fields, too.
func badIndexField(s string) string {
	switch s {
	case "_id":
		return "is ordered anyway"
	case "_version", "_createdAt", "_updatedAt":
		return ""
	}
	return badPathName(s)
}

func badPublicURL(s string) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Hostname() == "":
		return "is no URL such as https://shop.example"
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Path != "" && u.Path != "/":
		return "must be scheme, host and port alone"
	}
	return ""
}

func badOrigin(s string) string {
	if s == "*" {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case s == "null":
		return "is what any sandboxed page sends"
	case err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != s || strings.Contains(s, "*"):
		return "is no exact origin such as https://shop.example"
	case s != strings.ToLower(s) || !ascii(s):
		return "must be as browsers send it: lower case, xn-- for other letters"
	}
	if h, p, err := net.SplitHostPort(u.Host); err == nil && (h == "" || p == "" || p == "443" && u.Scheme == "https" || p == "80" && u.Scheme == "http") {
		return "must be as browsers send it: without the scheme's own port"
	}
	return ""
}

// hostName is a domain in lower case, with a dot: no port, no address.
var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// badHost judges a host name.
func badHost(s string) string {
	if len(s) > 253 || !hostName.MatchString(s) {
		return "is no host name such as admin.shop.example, in lower case and without a port"
	}
	return ""
}

// badPasskeyOrigin judges an origin as browsers and Android write it in what a
// passkey signs.
func badPasskeyOrigin(s string) string {
	if hash, ok := strings.CutPrefix(s, "android:apk-key-hash:"); ok {
		if sum, err := base64.RawURLEncoding.Strict().DecodeString(hash); err != nil || len(sum) != sha256.Size {
			return "needs the SHA-256 of the certificate in base64url, without padding"
		}
		return ""
	}
	if s == "*" {
		return "is no origin: passkeys are for those that are listed"
	}
	if why := badOrigin(s); why != "" {
		return why
	}
	if host, ok := strings.CutPrefix(s, "http://"); ok && host != "localhost" && !strings.HasPrefix(host, "localhost:") || !ok && !strings.HasPrefix(s, "https://") {
		return "is not of https, of http on localhost, or android:apk-key-hash:..."
	}
	return ""
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
