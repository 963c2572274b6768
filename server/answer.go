package server

import (
	"log/slog"
	"strconv"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// Header names in the spelling in which fasthttp keeps them.
var (
	hdrRequestID   = []byte("X-Request-Id")
	hdrNosniff     = []byte("X-Content-Type-Options")
	hdrReferrer    = []byte("Referrer-Policy")
	hdrCSP         = []byte("Content-Security-Policy")
	hdrCache       = []byte("Cache-Control")
	hdrVary        = []byte("Vary")
	hdrHSTS        = []byte("Strict-Transport-Security")
	hdrAllowOrigin = []byte("Access-Control-Allow-Origin")
	hdrExpose      = []byte("Access-Control-Expose-Headers")
	hdrETag        = []byte("Etag")
	hdrPosition    = []byte("Hutch-Position")
	hdrReplayed    = []byte("Idempotency-Replayed")
	hdrRetryAfter  = []byte("Retry-After")
	hdrAPIVersion  = []byte("X-Supabase-Api-Version")
	hdrAllow       = []byte("Allow")
	hdrChallenge   = []byte("Www-Authenticate")

	valNosniff    = []byte("nosniff")
	valReferrer   = []byte("no-referrer")
	valCSP        = []byte("default-src 'none'; frame-ancestors 'none'")
	valPrivate    = []byte("private, no-store")
	valNoCache    = []byte("no-cache")
	valVary       = []byte("Authorization, Origin")
	valHSTS       = []byte("max-age=31536000; includeSubDomains")
	valTrue       = []byte("true")
	valAPIVersion = []byte("2024-01-01")
	valBearer     = []byte("Bearer")

	typeJSON = []byte("application/json")
)

// buffer is the answer's own buffer, to append a body to; send takes it.
func (r *request) buffer() []byte { return r.fctx.Response.SwapBody(nil)[:0] }

// send answers JSON.
func (r *request) send(status int, body []byte) {
	r.fctx.Response.SwapBody(body)
	r.fctx.Response.Header.SetContentTypeBytes(typeJSON)
	r.fctx.SetStatusCode(status)
}

// empty answers without a body.
func (r *request) empty(status int) {
	r.fctx.Response.ResetBody()
	r.fctx.SetStatusCode(status)
}

// header sets an answer's header; name in canonical spelling.
func (r *request) header(name, value []byte) { r.fctx.Response.Header.SetCanonical(name, value) }

// wrote notes what Hutch-Position says.
func (r *request) wrote(p data.Position) {
	if r.committed = p; p != "" {
		r.header(hdrPosition, []byte(p))
	}
}

// finish adds what every answer carries, counts it and logs it.
func (r *request) finish() {
	h := &r.fctx.Response.Header
	system := r.route != nil && !r.route.App
	h.SetCanonical(hdrRequestID, []byte(r.id))
	h.SetCanonical(hdrNosniff, valNosniff)
	h.SetCanonical(hdrReferrer, valReferrer)
	status := r.fctx.Response.StatusCode()
	if system && len(h.PeekBytes(hdrCSP)) == 0 {
		h.SetCanonical(hdrCSP, valCSP)
	}
	if r.named {
		h.SetCanonical(hdrCache, valPrivate)
	} else if len(h.PeekBytes(hdrCache)) == 0 {
		h.SetCanonical(hdrCache, valNoCache)
	}
	if vary := h.PeekBytes(hdrVary); len(vary) > 0 {
		h.SetCanonical(hdrVary, append(append([]byte(nil), valVary...), ", "+string(vary)...))
	} else {
		h.SetCanonical(hdrVary, valVary)
	}
	if r.srv.public.scheme == "https" {
		h.SetCanonical(hdrHSTS, valHSTS)
	}
	if r.ofAuth() {
		h.SetCanonical(hdrAPIVersion, valAPIVersion)
	}
	r.cors()
	if r.close {
		r.fctx.SetConnectionClose()
	}
	took := time.Since(r.start)
	r.srv.stats.count(r.route, status, took)
	r.keep(status, took)
	r.log(status, took)
}

// log keeps the route, never the URL, the query, the body or a token.
func (r *request) log(status int, took time.Duration) {
	level := slog.LevelDebug
	if r.srv.o.Dev {
		level = slog.LevelInfo
	}
	if !r.srv.log.Enabled(r.srv.base, level) {
		return
	}
	r.srv.log.LogAttrs(r.srv.base, level, "request", slog.String("request_id", r.id), slog.String("route", r.label()),
		slog.Int("status", status), slog.Duration("took", took), slog.String("ip", r.ip), slog.String("principal", r.who.Kind.String()))
}

// label names the route in logs and metrics.
func (r *request) label() string {
	if r.route == nil {
		return "none"
	}
	return r.route.Name
}

// etag quotes a version.
func (r *request) etag(version int64) {
	var b [24]byte
	e := strconv.AppendInt(append(b[:0], '"'), version, 10)
	r.header(hdrETag, append(e, '"'))
}
