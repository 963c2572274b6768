package auth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/hutch-dev/hutch"
)

const (
	maxEmail = 254 // bytes, RFC 5321
	maxLocal = 64
)

// email is an address as its owner wrote it (NFC) and its key: local part and
// domain lower-cased by Unicode simple folding, the domain as A-label. Two
// addresses are the same account exactly when their keys are equal;
// look-alikes are not merged.
type email struct{ address, key string }

// parseEmail checks syntax only.
func parseEmail(s string) (email, error) {
	bad := func(why string) (email, error) {
		return email{}, &hutch.Error{Code: hutch.ValidationFailed, Field: "email", Message: why}
	}
	if !utf8.ValidString(s) || len(s) > 2*maxEmail {
		return bad("the address is too long or no text")
	}
	s = norm.NFC.String(s)
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 {
		return bad("an address is name@domain")
	}
	local, domain := s[:at], s[at+1:]
	if !validLocal(local) {
		return bad("the part before @ is not valid")
	}
	local, ok := foldStable(local)
	if !ok || len(local) > maxLocal {
		return bad("the part before @ is too long")
	}
	domain, ok = foldStable(domain)
	if !ok {
		return bad("the domain is not valid")
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || !validDomain(ascii) {
		return bad("the domain is not valid")
	}
	key := local + "@" + ascii
	if len(key) > maxEmail || len(s) > maxEmail {
		return bad("the address is too long")
	}
	return email{address: s, key: key}, nil
}

// validLocal takes dot-atoms (RFC 5322, with the letters of RFC 6531), no
// quoted strings and no comments.
func validLocal(s string) bool {
	if s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for _, r := range s {
		if strings.ContainsRune(`"(),:;<>@[\]`, r) || !unicode.IsGraphic(r) || unicode.IsSpace(r) {
			return false
		}
	}
	return true
}

func validDomain(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		last = label
	}
	return strings.Trim(last, "0123456789") != "" // an address literal is no domain
}

// foldStable gives the folded NFC form, the same for what it gives itself.
func foldStable(s string) (string, bool) {
	for range 4 {
		t := norm.NFC.String(strings.Map(foldRune, s))
		if t == s {
			return t, true
		}
		s = t
	}
	return "", false
}

// foldRune gives one rune for all that simple case folding holds equal: lower
// case where that is one of them. İ (U+0130) folds to nothing but itself.
func foldRune(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	lower := unicode.ToLower(least)
	for f := unicode.SimpleFold(least); f != least; f = unicode.SimpleFold(f) {
		if f == lower {
			return lower
		}
	}
	return least
}
