package server

import (
	"bytes"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

// callLimit is how long a call may be on its way at most: functions bound
// themselves by limits.request or their timeout, where that is longer.
func callLimit(*request) time.Duration { return 15 * time.Minute }

// callFunction is POST /functions/v1/{name}.
func callFunction(r *request) error {
	return r.call(&functions.Invocation{Function: r.params[0]})
}

// runHTTP answers a route of the app.
func (r *request) runHTTP(function string) error {
	h := &functions.HTTPRequest{
		Method: string(r.fctx.Method()), Path: r.decodedPath(), Params: make(map[string]string, len(r.route.names)),
		Query: map[string][]string{}, Headers: map[string]string{}, ContentType: string(r.head.contentType),
	}
	for i, name := range r.route.names {
		h.Params[name] = r.params[i]
	}
	for name, value := range params(string(r.query)) {
		n, err := unescape(name)
		if err != nil {
			return err
		}
		v, err := unescape(value)
		if err != nil {
			return err
		}
		if !utf8.ValidString(n) || !utf8.ValidString(v) {
			return &hutch.Error{Code: hutch.InvalidArgument, Field: "query", Message: "the query is not UTF-8"}
		}
		h.Query[n] = append(h.Query[n], v)
	}
	r.fctx.Request.Header.VisitAll(func(k, v []byte) {
		name := strings.ToLower(string(k))
		if hiddenHeader(name) {
			return
		}
		if had, ok := h.Headers[name]; ok {
			h.Headers[name] = had + ", " + string(v)
			return
		}
		h.Headers[name] = string(v)
	})
	return r.call(&functions.Invocation{Function: function, HTTP: h})
}

// hiddenHeader keeps credentials and proxies' words from code; it has event.auth
// and request.ip. name is in lower case.
func hiddenHeader(name string) bool {
	switch name {
	case "authorization", "cookie", "apikey", "forwarded", "via", "x-real-ip":
		return true
	}
	return strings.HasPrefix(name, "x-forwarded-") || strings.HasPrefix(name, "proxy-")
}

func (r *request) decodedPath() string {
	p, err := decode(string(r.path))
	if err != nil {
		return string(r.path)
	}
	return p
}

func (r *request) call(in *functions.Invocation) error {
	if r.parts.functions == nil {
		return notFound()
	}
	if r.who.Kind == hutch.Operator && r.parts.function(in.Function) != nil {
		if err := r.note("function_invoked", in.Function, map[string]any{"as": "operator"}); err != nil {
			return err
		}
	}
	in.Body = bytes.Clone(r.raw())
	in.Request = r.data("")
	in.Scope = string(r.fctx.Method()) + " " + string(r.path)
	if r.route.Once && r.head.has("idempotency-key") {
		in.Key = string(r.head.idempotencyKey)
		if in.Key == "" {
			return data.CheckKey(&r.who, "")
		}
	}
	a, err := r.parts.functions.Call(r.ctx, in)
	if err != nil {
		return err
	}
	if a.Replayed {
		r.header(hdrReplayed, valTrue)
	}
	r.wrote(a.Position)
	if a.Response == nil {
		r.send(http.StatusOK, append(r.buffer(), a.Body...))
		return nil
	}
	return r.respond(a.Response)
}

// respond answers with a function's Response.
func (r *request) respond(a *functions.Response) error {
	if err := a.Check(); err != nil { // functions did so before it committed; a slip here would split answers
		return err
	}
	resp := &r.fctx.Response
	resp.Header.SetContentType("application/octet-stream")
	for _, h := range a.Headers {
		if strings.EqualFold(h[0], "content-type") {
			resp.Header.SetContentType(h[1])
		} else {
			resp.Header.Add(h[0], h[1])
		}
	}
	r.fctx.SetStatusCode(a.Status)
	if a.Status != fasthttp.StatusNoContent && a.Status != fasthttp.StatusNotModified {
		resp.SwapBody(append(r.buffer(), a.Body...))
	}
	return nil
}
