package server

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
)

const maxTarget = 8 << 10

// target gives the path and query of a request line's target. An absolute
// target must name the Host of the request.
func target(uri, host []byte) (path, query []byte, err *hutch.Error) {
	if len(uri) > maxTarget {
		return nil, nil, &hutch.Error{Code: hutch.InvalidArgument, HTTP: 431, Message: "the URL is longer than 8 KiB"}
	}
	if len(uri) == 0 || uri[0] != '/' {
		if uri, err = relative(uri, host); err != nil {
			return nil, nil, err
		}
	}
	path = uri
	if i := bytes.IndexByte(uri, '?'); i >= 0 {
		path, query = uri[:i], uri[i+1:]
		for _, c := range query {
			if c <= ' ' || c >= 0x7f || c == '#' {
				return nil, nil, malformed("the query has a character that must be percent-encoded")
			}
		}
	}
	return path, query, checkPath(path)
}

// relative strips http://host of an absolute target.
func relative(uri, host []byte) ([]byte, *hutch.Error) {
	for _, scheme := range []string{"http://", "https://"} {
		if len(uri) < len(scheme) || !equalFold(uri[:len(scheme)], scheme) {
			continue
		}
		rest := uri[len(scheme):]
		end := bytes.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		if !bytes.EqualFold(rest[:end], host) {
			return nil, malformed("the target is another host's")
		}
		if end == len(rest) || rest[end] == '?' {
			return append([]byte("/"), rest[end:]...), nil
		}
		return rest[end:], nil
	}
	return nil, malformed("the target is not a path")
}

// checkPath refuses paths that two programs could read as two resources:
// invalid escapes, an encoded slash, backslash or NUL, dot segments, `//`.
func checkPath(p []byte) *hutch.Error {
	segment := 1 // where the segment begins
	for i := 0; i < len(p); i++ {
		c := p[i]
		switch {
		case c == '/':
			if i > 0 {
				if i == segment {
					return malformed("the path has an empty segment")
				}
				if dots(p[segment:i]) {
					return malformed("the path has a dot segment")
				}
				segment = i + 1
			}
		case c == '%':
			d, ok := escape(p[i:])
			if !ok {
				return malformed("the path has an invalid escape")
			}
			if d == '/' || d == '\\' || d == 0 {
				return malformed("the path has an encoded slash, backslash or NUL")
			}
			i += 2
		case c <= ' ' || c >= 0x7f || c == '\\' || c == '#':
			return malformed("the path has a character that must be percent-encoded")
		}
	}
	if dots(p[min(segment, len(p)):]) {
		return malformed("the path has a dot segment")
	}
	return nil
}

// dots reports whether a raw segment is `.` or `..`, encoded or not.
func dots(s []byte) bool {
	n := 0
	for ; len(s) > 0; n++ {
		switch {
		case s[0] == '.':
			s = s[1:]
		case len(s) >= 3 && s[0] == '%' && s[1] == '2' && s[2]|0x20 == 'e':
			s = s[3:]
		default:
			return false
		}
	}
	return n == 1 || n == 2
}

func escape(s []byte) (byte, bool) {
	if len(s) < 3 {
		return 0, false
	}
	hi, ok1 := hexDigit(s[1])
	lo, ok2 := hexDigit(s[2])
	return hi<<4 | lo, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// decode copies a raw path segment or path and decodes it, once.
func decode(raw string) (string, *hutch.Error) {
	if strings.IndexByte(raw, '%') < 0 {
		return strings.Clone(raw), nil
	}
	b := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '%' {
			c, _ = escape([]byte(raw[i : i+3]))
			i += 2
		}
		b = append(b, c)
	}
	if !utf8.Valid(b) {
		return "", malformed("the path is not UTF-8")
	}
	return string(b), nil
}
