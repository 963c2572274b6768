package server

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/valyala/fasthttp"

	"github.com/hutch-dev/hutch"
)

// Subprotocol is the one that the server speaks on /realtime/v1.
const Subprotocol = "hutch.v1"

// Sockets serves websockets once they are upgraded.
type Sockets interface {
	// Serve owns conn until it returns; then conn is closed. Each call is on a
	// goroutine of its own.
	Serve(conn *websocket.Conn, h Handshake)
	// Shutdown says bye to every socket and returns when all are closed or ctx ends.
	Shutdown(ctx context.Context) error
}

// Handshake is what a socket keeps of its request; all of it is copied.
type Handshake struct {
	Addr      netip.Addr // of the client, seen through listed proxies
	IP        string
	Origin    string
	RequestID string
	Counted   bool   // limits by address apply: neither loopback nor a listed proxy
	Operator  string // the token of who sits at the dashboard whose page this is; "": nobody
	Agent     string // at most 256 bytes
}

// upgrader negotiates no compression: it mixes users' data in one stream and
// inflates past read limits. The request has passed our own checks by then.
var upgrader = websocket.Upgrader{
	ReadBufferSize: 512, WriteBufferSize: 1024, WriteBufferPool: &sync.Pool{},
	Subprotocols: []string{Subprotocol},
	CheckOrigin:  func(*http.Request) bool { return true },
	Error:        func(http.ResponseWriter, *http.Request, int, error) {},
}

// upgrade is GET /realtime/v1.
func upgrade(r *request) error {
	h := &r.fctx.Request.Header
	if !h.ConnectionUpgrade() || !equalFold(h.Peek(fasthttp.HeaderUpgrade), "websocket") {
		r.header([]byte(fasthttp.HeaderUpgrade), []byte("websocket"))
		return &hutch.Error{Code: hutch.InvalidArgument, HTTP: http.StatusUpgradeRequired, Message: "this is a websocket", Hint: "subprotocol " + Subprotocol}
	}
	if err := r.checkSocket(); err != nil {
		return err
	}
	if r.srv.o.Sockets == nil {
		return &hutch.Error{Code: hutch.Unimplemented, Message: "live queries are off"}
	}
	req, err := handshakeRequest(r.fctx)
	if err != nil {
		return malformed("the handshake's target is malformed")
	}
	if !hasToken(websocket.Subprotocols(req), Subprotocol) {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "Sec-WebSocket-Protocol", Message: "the subprotocol is " + Subprotocol}
	}
	w := &hijacker{ctx: r.fctx}
	conn, err := upgrader.Upgrade(w, req, http.Header{"X-Request-Id": {r.id}})
	if err != nil {
		if he, ok := errors.AsType[websocket.HandshakeError](err); ok {
			r.header([]byte("Sec-Websocket-Version"), []byte("13"))
			return malformed("the handshake is malformed: " + strings.TrimPrefix(he.Error(), "websocket: "))
		}
		r.close = true
		return hutch.Errorf(hutch.Cancelled, "answering the handshake: %w", err)
	}
	hs := Handshake{
		Addr: r.addr, IP: r.ip, Origin: string(r.head.origin), RequestID: r.id, Agent: clipped(string(h.UserAgent()), maxAgent),
		Counted: !contains(r.srv.o.Proxies, r.addr) && (!r.addr.IsLoopback() || r.head.forwarded && !r.proxied),
	}
	if r.desk && r.fromDeskSocket() {
		hs.Operator = r.deskToken()
	}
	r.fctx.SetStatusCode(http.StatusSwitchingProtocols)
	serve := r.srv.o.Sockets.Serve
	handed := w.conn
	if r.peer != nil {
		r.peer.raw = true
	}
	r.fctx.HijackSetNoResponse(true)
	r.fctx.Hijack(func(hc net.Conn) {
		if handed.take(hc) != nil {
			_ = handed.Close()
			return
		}
		go func() {
			defer conn.Close()
			serve(conn, hs)
		}()
	})
	return nil
}

func hasToken(list []string, want string) bool {
	return slices.Contains(list, want)
}

// checkSocket refuses other sites' pages and names that were rebound to us.
func (r *request) checkSocket() error {
	if !r.srv.knownHost(r.host()) {
		return &hutch.Error{Code: hutch.InvalidArgument, HTTP: http.StatusMisdirectedRequest, Field: "Host", Message: "this is not the server's name"}
	}
	origin := string(r.head.origin)
	switch {
	case origin == "" && !r.head.has("origin") && !r.head.has("sec-fetch-site"): // no browser
		return nil
	case origin != "" && origin != "null" && (origin == r.scheme()+"://"+r.host() || origin == r.srv.public.text):
		return nil
	case r.desk && r.fromDeskSocket():
		return nil
	case !r.deskOnly() && r.parts.origins.allows(origin):
		return nil
	}
	return &hutch.Error{Code: hutch.PermissionDenied, Field: "Origin", Message: "this origin may not open a socket", Hint: "list it in cors.origins"}
}

// fromDeskSocket reports whether a page of the dashboard's own origin opens the
// socket: it can carry no header of ours.
func (r *request) fromDeskSocket() bool {
	origin := string(r.head.origin)
	return origin != "" && (origin == r.scheme()+"://"+r.host() || r.deskSecurely() && origin == "https://"+r.host())
}

// handshakeRequest copies what an Upgrader looks at: fasthttp reuses the
// request's memory, and gorilla keeps the negotiated subprotocol.
func handshakeRequest(ctx *fasthttp.RequestCtx) (*http.Request, error) {
	uri := string(ctx.RequestURI())
	u, err := url.ParseRequestURI(uri)
	if err != nil {
		return nil, err
	}
	r := &http.Request{
		Method: string(ctx.Method()), URL: u, RequestURI: uri,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: string(ctx.Host()), RemoteAddr: ctx.RemoteAddr().String(),
		TLS: ctx.TLSConnectionState(), Body: http.NoBody,
		Header: make(http.Header, 16),
	}
	ctx.Request.Header.VisitAll(func(k, v []byte) { r.Header.Add(string(k), string(v)) })
	return r, nil
}

// hijacker is the http.ResponseWriter that gorilla gets.
type hijacker struct {
	ctx    *fasthttp.RequestCtx
	header http.Header
	conn   *handedConn
}

func (w *hijacker) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}
func (w *hijacker) WriteHeader(int)             {}
func (w *hijacker) Write(p []byte) (int, error) { return len(p), nil }

// Hijack gives gorilla the socket, which may write the 101 at once: nobody
// else uses it while the handler runs. Reader and writer are too small for
// gorilla to adopt, so its buffers are the Upgrader's.
func (w *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.conn = &handedConn{Conn: w.ctx.Conn()}
	return w.conn, bufio.NewReadWriter(bufio.NewReaderSize(w.conn, 16), bufio.NewWriterSize(w.conn, 16)), nil
}

// maxEarly bounds what a client may send before it has seen the 101.
const maxEarly = 64 << 10

var past = time.Unix(1, 0)

// take empties fasthttp's reader: with a deadline in the past a Read returns
// what is buffered and never waits for the network.
func (c *handedConn) take(hc net.Conn) error {
	if err := hc.SetReadDeadline(past); err != nil {
		return err
	}
	var buf [512]byte
	for {
		n, err := hc.Read(buf[:])
		c.early = append(c.early, buf[:n]...)
		if len(c.early) > maxEarly {
			return errors.New("too much data before the handshake was answered")
		}
		if err == nil && n > 0 {
			continue
		}
		var ne net.Error
		if err != nil && (!errors.As(err, &ne) || !ne.Timeout()) {
			return err
		}
		return hc.SetReadDeadline(time.Time{})
	}
}

var _ http.Hijacker = (*hijacker)(nil)
