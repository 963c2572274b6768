package server

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// request is one request on its way. It is pooled: nothing may keep it, nor
// the bytes of head, path, query and body, beyond the answer.
type request struct {
	srv   *Server
	parts *parts
	fctx  *fasthttp.RequestCtx
	peer  *peer
	route *Route // nil until routed

	head        head
	path, query []byte // as received
	id          string
	start       time.Time
	params      [maxParams]string // raw, then decoded; of route.names

	addr    netip.Addr // of the client, seen through listed proxies
	ip      string
	proxied bool // the peer is a listed proxy

	life  *deadline
	ctx   context.Context //nolint:containedctx // a request is one call
	who   hutch.Principal
	named bool // it came with a credential
	desk  bool // it reached the dashboard's origin
	close bool // the connection ends with the answer

	failed    hutch.Code    // of the error that was answered
	committed data.Position // of what it wrote
}

const maxParams = 4

var requests = sync.Pool{New: func() any { return new(request) }}

// requestKey finds the request in fasthttp's user values.
type requestKey struct{}

func (s *Server) acquire(fctx *fasthttp.RequestCtx) *request {
	r := requests.Get().(*request)
	r.srv, r.fctx, r.parts, r.start = s, fctx, s.parts.Load(), time.Now()
	r.peer, _ = fctx.Conn().(*peer)
	if r.peer != nil {
		r.addr, r.ip = r.peer.addr, r.peer.ip
	}
	fctx.SetUserValue(requestKey{}, r)
	return r
}

func (r *request) free() {
	if r.life != nil {
		r.life.end()
	}
	r.fctx.RemoveUserValue(requestKey{})
	*r = request{}
	requests.Put(r)
}

// data is what rules see as `request`.
func (r *request) data(op data.Op) data.Request {
	return data.Request{Op: op, Time: r.srv.now(), IP: r.ip}
}
