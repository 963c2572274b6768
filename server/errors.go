package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
)

// fail answers err with the flat body that every answer of 400 and above has.
func (r *request) fail(err error) {
	e := r.known(err)
	status := e.Status()
	r.failed = e.Code
	r.fctx.Response.ResetBody()
	r.send(status, r.appendError(r.buffer(), e))
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		after := max(time.Second, e.RetryAfter)
		var b [20]byte
		r.header(hdrRetryAfter, strconv.AppendInt(b[:0], int64((after+time.Second-1)/time.Second), 10))
	case http.StatusUnauthorized:
		r.header(hdrChallenge, valBearer)
	}
	r.fctx.Response.Header.DelBytes(hdrETag)
	r.header(hdrCSP, valCSP)
	if status >= http.StatusInternalServerError {
		r.logFailure(e)
	}
}

// logFailure keeps the cause: a fault as an error, what passes as a warning; a
// probe that finds the server not ready is neither.
func (r *request) logFailure(e *hutch.Error) {
	level := slog.LevelWarn
	switch {
	case e.Code == hutch.Internal:
		level = slog.LevelError
	case r.route != nil && r.route.Service == ServiceOps, e.Code == hutch.Unimplemented:
		level = slog.LevelDebug
	}
	r.srv.log.LogAttrs(r.srv.base, level, "request failed", slog.String("request_id", r.id), slog.String("route", r.label()),
		slog.String("code", string(e.Code)), slog.String("message", e.Message), slog.Any("cause", e.Err))
}

// known gives err a code: contexts end by deadline or by the server's end.
func (r *request) known(err error) *hutch.Error {
	if _, ok := errors.AsType[*hutch.Error](err); !ok {
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return &hutch.Error{Code: hutch.DeadlineExceeded, Message: "it took longer than allowed", Err: err}
		case errors.Is(err, context.Canceled):
			return &hutch.Error{Code: hutch.Unavailable, Message: "the server is going away", Err: err}
		}
	}
	return hutch.AsError(err)
}

// appendError appends the body of an error; in /auth with its code a second time,
// where a part of GoTrue's clients looks.
func (r *request) appendError(b []byte, e *hutch.Error) []byte {
	b = appendError(b, e, r.id)
	if !r.ofAuth() {
		return b
	}
	b = append(b[:len(b)-1], `,"error_code":`...)
	return append(appendString(b, string(e.Code)), '}')
}

// ofAuth reports whether a client of GoTrue reads the answer.
func (r *request) ofAuth() bool {
	if r.route != nil {
		return r.route.Service == ServiceAuth
	}
	return bytes.HasPrefix(r.fctx.RequestURI(), authPrefix)
}

// appendError appends the body of an error.
func appendError(b []byte, e *hutch.Error, requestID string) []byte {
	b = append(b, `{"code":`...)
	b = appendString(b, string(e.Code))
	if e.Reason != "" {
		b = appendString(append(b, `,"reason":`...), string(e.Reason))
	}
	b = appendString(append(b, `,"message":`...), e.Message)
	if e.Hint != "" {
		b = appendString(append(b, `,"hint":`...), e.Hint)
	}
	if e.Field != "" {
		b = appendString(append(b, `,"field":`...), e.Field)
	}
	if len(e.Details) > 0 {
		b = append(append(b, `,"details":`...), e.Details...)
		if e.Code == hutch.WeakPassword { // where GoTrue's clients look
			b = append(append(b, `,"weak_password":`...), e.Details...)
		}
	}
	return append(appendString(append(b, `,"requestId":`...), requestID), '}')
}

// appendString appends s as a JSON string; what is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			switch {
			case c == '"' || c == '\\':
				b = append(b, '\\', c)
			case c == '\n':
				b = append(b, '\\', 'n')
			case c == '\t':
				b = append(b, '\\', 't')
			case c == '\r':
				b = append(b, '\\', 'r')
			case c < ' ' || c == 0x7f:
				b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			default:
				b = append(b, c)
			}
			i++
			continue
		}
		ch, n := utf8.DecodeRuneInString(s[i:])
		b = utf8.AppendRune(b, ch)
		i += n
	}
	return append(b, '"')
}
