package server

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"github.com/hutch-dev/hutch"
)

// head is what the server itself reads of a request's headers: pieces of the
// block as received, gone with the request.
type head struct {
	host, length, encoding                    []byte
	contentType, contentEncoding              []byte
	authorization, apikey, origin, fetchSite  []byte
	ifMatch, ifNoneMatch, idempotencyKey      []byte
	requestID, forwardedFor, forwardedProto   []byte
	forwardedHost, corsMethod, accept, expect []byte
	cookie, hutchAdmin                        []byte
	seen                                      uint32 // bits of fields, to find repeated ones
	forwarded                                 bool   // any header by which a proxy names a client
}

// field is a header that head keeps. once: repeating it is refused.
type field struct {
	name string
	bit  uint32
	once bool
	at   func(*head) *[]byte
}

// fields are filed by the length of their names.
var fields = func() (byLength [32][]field) {
	bit := uint32(1)
	add := func(name string, once bool, at func(*head) *[]byte) {
		byLength[len(name)] = append(byLength[len(name)], field{name, bit, once, at})
		bit <<= 1
	}
	add("host", true, func(h *head) *[]byte { return &h.host })
	add("content-length", true, func(h *head) *[]byte { return &h.length })
	add("transfer-encoding", false, func(h *head) *[]byte { return &h.encoding })
	add("content-type", true, func(h *head) *[]byte { return &h.contentType })
	add("content-encoding", false, func(h *head) *[]byte { return &h.contentEncoding })
	add("authorization", true, func(h *head) *[]byte { return &h.authorization })
	add("apikey", true, func(h *head) *[]byte { return &h.apikey })
	add("origin", true, func(h *head) *[]byte { return &h.origin })
	add("sec-fetch-site", true, func(h *head) *[]byte { return &h.fetchSite })
	add("if-match", true, func(h *head) *[]byte { return &h.ifMatch })
	add("if-none-match", true, func(h *head) *[]byte { return &h.ifNoneMatch })
	add("idempotency-key", true, func(h *head) *[]byte { return &h.idempotencyKey })
	add("x-request-id", false, func(h *head) *[]byte { return &h.requestID })
	add("x-forwarded-for", false, func(h *head) *[]byte { return &h.forwardedFor })
	add("x-forwarded-proto", false, func(h *head) *[]byte { return &h.forwardedProto })
	add("x-forwarded-host", false, func(h *head) *[]byte { return &h.forwardedHost })
	add("access-control-request-method", true, func(h *head) *[]byte { return &h.corsMethod })
	add("accept", false, func(h *head) *[]byte { return &h.accept })
	add("expect", true, func(h *head) *[]byte { return &h.expect })
	add("cookie", false, func(h *head) *[]byte { return &h.cookie })
	add("x-hutch-admin", true, func(h *head) *[]byte { return &h.hutchAdmin })
	return byLength
}()

func (h *head) has(name string) bool {
	for _, f := range fields[len(name)] {
		if f.name == name {
			return h.seen&f.bit != 0
		}
	}
	return false
}

// frame reads a header block strictly: what another program on the way could
// frame differently is refused, and the connection ends with the answer. The
// block is fasthttp's copy of the bytes as they came; its own parser takes
// two lengths, bare LF, folded lines and two hosts.
func frame(h *fasthttp.RequestHeader, out *head) *hutch.Error {
	*out = head{}
	if p := h.Protocol(); string(p) != "HTTP/1.1" && string(p) != "HTTP/1.0" {
		return malformed("the protocol is HTTP/1.1")
	}
	for raw := h.RawHeaders(); len(raw) > 0; {
		i := bytes.IndexByte(raw, '\n')
		if i <= 0 || raw[i-1] != '\r' {
			return malformed("a header line ends in LF without CR")
		}
		line := raw[:i-1]
		raw = raw[i+1:]
		if len(line) == 0 {
			break
		}
		if err := out.line(line); err != nil {
			return err
		}
	}
	return out.framing(h)
}

// line takes one header line, without its CR LF.
func (h *head) line(line []byte) *hutch.Error {
	if line[0] == ' ' || line[0] == '\t' {
		return malformed("a header line is folded")
	}
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return malformed("a header line has no name")
	}
	name := line[:colon]
	for _, c := range name {
		if !tokenByte[c] {
			return malformed("a header name has a character that names cannot have")
		}
	}
	value := bytes.Trim(line[colon+1:], " \t")
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return malformed("a header value has a control character")
		}
	}
	if colon < len(fields) {
		for i := range fields[colon] {
			f := &fields[colon][i]
			if !equalFold(name, f.name) {
				continue
			}
			if h.seen&f.bit != 0 && f.once {
				return malformed("the header " + f.name + " is repeated")
			}
			at := f.at(h)
			if h.seen&f.bit != 0 && len(*at) > 0 { // a list over several lines
				value = append(append(append([]byte(nil), *at...), ','), value...)
			}
			*at = value
			h.seen |= f.bit
			break
		}
	}
	if len(name) >= 9 && (equalFold(name, "forwarded") || len(name) > 12 && equalFold(name[:12], "x-forwarded-") || equalFold(name, "x-real-ip")) {
		h.forwarded = true
	}
	return nil
}

// framing judges where the request ends and whose it is.
func (h *head) framing(req *fasthttp.RequestHeader) *hutch.Error {
	if h.has("transfer-encoding") {
		return &hutch.Error{Code: hutch.InvalidArgument, HTTP: 411, Message: "a body comes with Content-Length, not with Transfer-Encoding", Field: "Transfer-Encoding"}
	}
	if h.has("content-length") {
		if len(h.length) == 0 || len(h.length) > 18 {
			return malformed("Content-Length is not a number")
		}
		for _, c := range h.length {
			if c < '0' || c > '9' {
				return malformed("Content-Length is not a number")
			}
		}
		if len(bytes.TrimLeft(h.length, "0")) > 0 {
			switch string(req.Method()) {
			case fasthttp.MethodDelete:
				if bytes.HasPrefix(req.RequestURI(), authPrefix) { // GoTrue's clients send {} there; checkBody judges it
					break
				}
				fallthrough
			case fasthttp.MethodGet, fasthttp.MethodHead, fasthttp.MethodOptions, fasthttp.MethodTrace:
				return malformed("a " + string(req.Method()) + " has no body")
			}
		}
	}
	if len(h.host) == 0 {
		return malformed("the header Host is missing")
	}
	if h.has("expect") && !equalFold(h.expect, "100-continue") {
		return malformed("Expect is 100-continue or absent")
	}
	return nil
}

// size is Content-Length, 0 without one; frame has checked it.
func (h *head) size() (n int64) {
	for _, c := range h.length {
		n = n*10 + int64(c-'0')
	}
	return n
}

func malformed(why string) *hutch.Error {
	return &hutch.Error{Code: hutch.InvalidArgument, Message: why}
}

// equalFold compares b with a lower-case ASCII string.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// tokenByte is the alphabet of header names and methods (RFC 9110, 5.6.2).
var tokenByte = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), byte(c)) >= 0
	}
	return t
}()
