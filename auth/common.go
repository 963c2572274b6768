package auth

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
)

//go:embed passwords/common.gz
var commonGzip []byte

// longEnough is the number of characters from which a password is not looked up:
// the list has none.
const longEnough = 16

// commonPasswords is the list as sorted lines, 98 KB, read at the first look-up.
var commonPasswords = sync.OnceValue(func() []byte {
	r, err := gzip.NewReader(bytes.NewReader(commonGzip))
	if err != nil {
		panic("the list of common passwords: " + err.Error())
	}
	lines, err := io.ReadAll(r)
	if err != nil {
		panic("the list of common passwords: " + err.Error())
	}
	return lines
})

// isCommon reports whether a password is one of the 10,000 most common. It is
// compared whole, and in lower case, as the list is: a capital at the front is
// the first thing that is guessed.
func isCommon(password string) bool {
	if n := utf8.RuneCountInString(password); n < minPassword || n >= longEnough {
		return false
	}
	password = strings.ToLower(password)
	lines := commonPasswords()
	for low, high := 0, len(lines); low < high; {
		// The line around the middle.
		middle := (low + high) / 2
		from := low + bytes.LastIndexByte(lines[low:middle], '\n') + 1
		to := middle + bytes.IndexByte(lines[middle:], '\n')
		switch order := strings.Compare(password, string(lines[from:to])); {
		case order == 0:
			return true
		case order < 0:
			high = from
		default:
			low = to + 1
		}
	}
	return false
}

// checkNew judges a password that its user sets.
func checkNew(password string, minLength int) error {
	if err := checkLength(password, minLength); err != nil {
		return err
	}
	if isCommon(password) {
		return &hutch.Error{
			Code: hutch.WeakPassword, Field: "password", Details: []byte(`{"reasons":["pwned"]}`),
			Message: "the password is one of the most common", Hint: "several words make a good one",
		}
	}
	return nil
}
