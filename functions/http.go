package functions

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
)

// HTTPRequest is the request of an http trigger.
type HTTPRequest struct {
	Method, Path string
	Params       map[string]string   // of the path, decoded
	Query        map[string][]string // decoded
	Headers      map[string]string   // lower-case names
	ContentType  string
}

// hidden headers carry credentials or are a proxy's word; code never sees them.
var hidden = []string{"authorization", "cookie", "apikey", "proxy-authorization", "forwarded", "via", "x-real-ip"}

type httpEvent struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Params  map[string]string `json:"params"`
	Query   map[string]any    `json:"query"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
	RawBody bytesEvent        `json:"rawBody"`
	IP      string            `json:"ip"`

	// for what is kept of the run
	route string // of the trigger
	media string
	json  bool // the body is
}

func (r *HTTPRequest) mediaType() string {
	media, _, _ := strings.Cut(r.ContentType, ";")
	return strings.ToLower(strings.TrimSpace(media))
}

func (r *HTTPRequest) isJSON() bool {
	m := r.mediaType()
	return m == "" || m == "application/json" || strings.HasSuffix(m, "+json")
}

func (r *HTTPRequest) event(f *loaded, in *Invocation, body []byte) (*httpEvent, error) {
	q, err := r.query(f.Query)
	if err != nil {
		return nil, err
	}
	e := &httpEvent{
		Method: r.Method, Path: r.Path, Params: r.Params, Query: q,
		Headers: map[string]string{}, Body: body, RawBody: in.Body, IP: in.Request.IP,
		route: f.Trigger.Path, media: r.mediaType(), json: body != nil,
	}
	if e.Params == nil {
		e.Params = map[string]string{}
	}
	for name, value := range r.Headers {
		if !isHidden(name) {
			e.Headers[name] = value
		}
	}
	if body == nil { // not JSON: text where it is text
		e.Body = json.RawMessage("null")
		if utf8.Valid(in.Body) && (strings.HasPrefix(r.mediaType(), "text/") || r.mediaType() == "application/x-www-form-urlencoded") {
			if e.Body, err = json.Marshal(string(in.Body)); err != nil {
				return nil, hutch.Errorf(hutch.Internal, "encoding the body: %w", err)
			}
		}
	}
	return e, nil
}

func isHidden(name string) bool {
	if slices.Contains(hidden, name) {
		return true
	}
	return strings.HasPrefix(name, "x-forwarded-") || strings.HasPrefix(name, "proxy-")
}

// query reads the parameters as declared; without a declaration all are strings.
func (r *HTTPRequest) query(declared []Param) (map[string]any, error) {
	out := map[string]any{}
	if declared == nil {
		for name, vs := range r.Query {
			out[name] = vs[0]
		}
		return out, nil
	}
	for _, p := range declared {
		vs := r.Query[p.Name]
		switch {
		case len(vs) == 0 && p.Optional:
			continue
		case len(vs) == 0:
			return nil, bad("query."+p.Name, "the parameter is missing")
		case len(vs) > 1:
			return nil, bad("query."+p.Name, "the parameter is given more than once")
		}
		v, ok := p.Type.read(vs[0])
		if !ok {
			return nil, bad("query."+p.Name, "the parameter is of type "+string(p.Type))
		}
		out[p.Name] = v
	}
	return out, nil
}

func (t ParamType) read(s string) (any, bool) {
	switch t {
	case ParamInt:
		n, err := strconv.ParseInt(s, 10, 53)
		return n, err == nil
	case ParamNumber:
		n, err := strconv.ParseFloat(s, 64)
		return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
	case ParamBool:
		return s == "true", s == "true" || s == "false"
	case ParamString:
	}
	return s, utf8.ValidString(s)
}

// forbidden headers belong to the server: a function may not set them.
var forbidden = []string{
	"set-cookie", "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
	"transfer-encoding", "upgrade", "content-length", "strict-transport-security", "x-request-id", "date", "server",
}

// Check refuses what a function may not answer: internal, "the function ...".
func (r *Response) Check() error {
	fail := func(what string) error {
		return &hutch.Error{Code: hutch.Internal, Message: "the function " + what}
	}
	if r.Status < 200 || r.Status > 599 {
		return fail("gave a status outside 200 to 599")
	}
	for _, h := range r.Headers {
		lower := strings.ToLower(h[0])
		if slices.Contains(forbidden, lower) || strings.HasPrefix(lower, "access-control-") || strings.HasPrefix(lower, "hutch-") {
			return fail("set a header that functions may not set")
		}
		if !token(h[0]) || strings.ContainsAny(h[1], "\r\n\x00") {
			return fail("set a malformed header")
		}
	}
	return nil
}

// token reports whether s is a header's name (RFC 9110, 5.6.2).
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
