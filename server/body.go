package server

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// checkBody judges size and type of the body before anything reads it. It has
// been read by then, up to 16 MiB, so the connection stays usable.
func (r *request) checkBody(route *Route) error {
	limit := route.BodyLimit
	if n := int64(len(r.fctx.Request.Body())); n > limit {
		return tooLarge(limit)
	}
	if r.head.has("content-encoding") {
		return &hutch.Error{Code: hutch.InvalidArgument, HTTP: 415, Field: "Content-Encoding", Message: "bodies are not compressed"}
	}
	if !route.AnyType && r.hasBody() && r.head.has("content-type") && !isJSON(r.head.contentType) {
		return &hutch.Error{Code: hutch.InvalidArgument, HTTP: 415, Field: "Content-Type", Message: "the body is application/json in UTF-8"}
	}
	if route.Method == http.MethodDelete && route.In == nil && !emptyObject(r.raw()) {
		return &hutch.Error{Code: hutch.ValidationFailed, Message: "a DELETE has no body here", Hint: "send none, or {}"}
	}
	return nil
}

// emptyObject reports whether a body says nothing: some of GoTrue's clients send
// {} with every DELETE.
func emptyObject(b []byte) bool {
	const space = " \t\r\n"
	b = bytes.Trim(b, space)
	if len(b) == 0 {
		return true
	}
	inside, opened := bytes.CutPrefix(b, []byte("{"))
	inside, closed := bytes.CutSuffix(inside, []byte("}"))
	return opened && closed && len(bytes.Trim(inside, space)) == 0
}

// hasBody reports whether the method carries a body.
func (r *request) hasBody() bool {
	switch string(r.fctx.Method()) {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return true
	}
	return false
}

// raw is the body as it came. (fasthttp's Body does not inflate; Fiber's does.)
func (r *request) raw() []byte { return r.fctx.Request.Body() }

// doc reads the body as a JSON object.
func (r *request) doc() (data.Doc, error) {
	b := r.raw()
	if len(b) == 0 {
		return nil, &hutch.Error{Code: hutch.InvalidArgument, Message: "the body is missing", Hint: "send a JSON object"}
	}
	return data.ParseJSON(b, jsonDepth)
}

// isJSON takes application/json with or without a charset of UTF-8.
func isJSON(t []byte) bool {
	kind, params, _ := bytes.Cut(t, []byte(";"))
	if !equalFold(bytes.TrimSpace(kind), "application/json") {
		return false
	}
	for p := range bytes.SplitSeq(params, []byte(";")) {
		if p = bytes.TrimSpace(p); len(p) == 0 {
			continue
		}
		name, value, _ := bytes.Cut(p, []byte("="))
		if !equalFold(bytes.TrimSpace(name), "charset") || !equalFold(bytes.Trim(value, ` "`), "utf-8") {
			return false
		}
	}
	return true
}

func tooLarge(limit int64) *hutch.Error {
	return &hutch.Error{Code: hutch.PayloadTooLarge, Message: "the body is larger than " + strconv.FormatInt(limit, 10) + " bytes"}
}

// checkQuery refuses query parameters that the route does not know, where the
// route is strict.
func (r *request) checkQuery(route *Route) error {
	if route.Query == nil || len(r.query) == 0 {
		return nil
	}
	seen := make(map[string]bool, 4)
	for name, value := range params(string(r.query)) {
		_, err := unescape(value)
		if err != nil {
			return err
		}
		n, err := unescape(name)
		if err != nil {
			return err
		}
		known := false
		for _, q := range route.Query {
			known = known || q == n
		}
		if !known {
			return &hutch.Error{Code: hutch.InvalidArgument, Field: n, Message: "unknown query parameter"}
		}
		if seen[n] {
			return &hutch.Error{Code: hutch.InvalidArgument, Field: n, Message: "the query parameter is repeated"}
		}
		seen[n] = true
	}
	return nil
}

// params yields the raw names and values of a query.
func params(query string) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		for part := range strings.SplitSeq(query, "&") {
			if part == "" {
				continue
			}
			name, value, _ := strings.Cut(part, "=")
			if !yield(name, value) {
				return
			}
		}
	}
}

// queryParam is a decoded query parameter; checkQuery has seen its syntax.
func (r *request) queryParam(name string) (string, bool) {
	for rawName, rawValue := range params(string(r.query)) {
		if n, err := unescape(rawName); err == nil && n == name {
			v, err := unescape(rawValue)
			return v, err == nil
		}
	}
	return "", false
}

// unescape decodes a piece of a query, where + is a space.
func unescape(s string) (string, error) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch c {
		case '+':
			c = ' '
		case '%':
			d, ok := escape([]byte(s[i:min(i+3, len(s))]))
			if !ok {
				return "", malformed("the query has an invalid escape")
			}
			c = d
			i += 2
		}
		b = append(b, c)
	}
	return strings.ToValidUTF8(string(b), "\ufffd"), nil
}
