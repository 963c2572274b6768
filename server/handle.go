package server

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/hutch-dev/hutch"
)

// methods are those that HTTP knows here; any other is 405 before routing.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
	http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// headerReceived decides what is read of a body. Where the framing is refused
// or the body too large to read nothing is, and handle says so.
func (s *Server) headerReceived(h *fasthttp.RequestHeader) (c fasthttp.RequestConfig) {
	n := h.ContentLength()
	if n == 0 || n == -2 { // no body: handle sees to the rest
		return c
	}
	var hd head
	if err := frame(h, &hd); err != nil || n < 0 || n > maxRead {
		h.SetContentLength(0)
		h.Del(fasthttp.HeaderExpect)
		return c
	}
	c.ReadTimeout = min(s.o.Limits.Upload, bodyGrace+time.Duration(n)*time.Second/bodyRate)
	return c
}

// handle is the outermost handler: what holds before any route.
func (s *Server) handle(fctx *fasthttp.RequestCtx) {
	r := s.acquire(fctx)
	defer r.free()
	defer r.finish()
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("panic", slog.String("request_id", r.id), slog.String("route", r.label()),
				slog.String("kind", kindOf(p)), slog.String("stack", string(debug.Stack())))
			fctx.Response.Reset()
			r.close = true
			r.fail(&hutch.Error{Code: hutch.Internal, Message: "a fault on the server"})
		}
	}()
	err := frame(&fctx.Request.Header, &r.head)
	if err == nil && r.peer != nil && r.peer.lines.bad != 0 && fctx.ConnRequestNum() >= r.peer.lines.bad {
		err = malformed("a line of the head ends in LF without CR, or has no colon")
	}
	r.through()
	r.desk = r.atDesk()
	r.id = r.requestID()
	if err != nil {
		r.refuse(err)
		return
	}
	if r.path, r.query, err = target(fctx.RequestURI(), r.head.host); err != nil {
		r.refuse(err)
		return
	}
	if r.head.size() > maxRead {
		r.refuse(tooLarge(maxRead))
		return
	}
	if err := r.checkHost(); err != nil {
		r.fail(err)
		return
	}
	if !slices.Contains(methods, string(fctx.Method())) {
		r.notAllowed()
		return
	}
	if r.preflight() {
		return
	}
	if fctx.RequestURI()[0] != '/' { // absolute: Fiber routes by the path
		fctx.Request.Header.SetRequestURI(string(r.path))
	}
	s.inner(r)
}

// refuse answers a request whose end is not certain: the connection closes.
func (r *request) refuse(err *hutch.Error) {
	r.close = true
	if r.peer != nil {
		r.peer.linger = true
	}
	r.fail(err)
}

// serve runs the handler of the route.
func (r *request) serve() {
	route := r.route
	if err := r.run(route); err != nil {
		r.fail(err)
	}
}

func (r *request) run(route *Route) error {
	if route.Service != ServiceOps && r.srv.o.Ready() != nil {
		return &hutch.Error{Code: hutch.Unavailable, Message: "the server is starting"}
	}
	for i := range route.names {
		p, err := decode(r.params[i])
		if err != nil {
			return err
		}
		r.params[i] = p
	}
	if r.deskOnly() && !deskServices(route.Service) || route.Need == NeedDesk && !r.desk {
		return notFound()
	}
	checks := [...]func(*Route) error{r.checkBody, r.checkQuery, r.authenticate}
	if route.Service == ServiceAdmin { // to others even a mistake is one in no path
		checks = [...]func(*Route) error{r.authenticate, r.checkBody, r.checkQuery}
	}
	for _, check := range checks {
		if err := check(route); err != nil {
			return err
		}
	}
	return route.handle(r)
}

// kindOf names a panic without its values.
func kindOf(p any) string {
	var re interface{ RuntimeError() }
	if err, ok := p.(error); ok && errors.As(err, &re) {
		return "runtime error"
	}
	return "panic"
}

// broken answers what fasthttp could not read as a request, with the same body.
func (s *Server) broken(fctx *fasthttp.RequestCtx, err error) {
	r := s.acquire(fctx)
	defer r.free()
	defer r.finish()
	r.close = true
	r.id = s.ids.next()
	if r.peer != nil {
		r.peer.linger = true
	}
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, new(*fasthttp.ErrSmallBuffer)):
		r.fail(&hutch.Error{Code: hutch.InvalidArgument, HTTP: 431, Message: "the request line and headers are longer than 16 KiB"})
	case errors.As(err, &timeout) && timeout.Timeout():
		r.fail(&hutch.Error{Code: hutch.DeadlineExceeded, HTTP: 408, Message: "the request came too slowly"})
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		r.fail(tooLarge(maxRead))
	default:
		r.fail(malformed("the request is not HTTP/1.1"))
	}
}

// failFiber is Fiber's way out; unrouted leaves it nothing to say.
func failFiber(c *fiber.Ctx, err error) error {
	if r, ok := c.Context().UserValue(requestKey{}).(*request); ok {
		r.fail(hutch.AsError(err))
	}
	return nil
}
