package server

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// lingerTime and lingerBytes bound what is read and dropped after an answer
// that left a body unread: a close with unread bytes is a reset, and the
// client would lose the answer.
const (
	lingerTime  = 2 * time.Second
	lingerBytes = 32 << 20
)

// listener hands out connections that know their peer.
type listener struct {
	net.Listener
	peers *peers
	desk  bool // of the dashboard's own
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	p := &peer{Conn: c, addr: addrOf(c.RemoteAddr()), fresh: l.peers, desk: l.desk}
	p.ip = p.addr.String()
	l.peers.add(p)
	return p, nil
}

// peers are connections that have not sent a byte: browsers open some ahead.
// fasthttp's shutdown would wait for them.
type peers struct {
	mu   sync.Mutex // guards the rest
	set  map[*peer]struct{}
	over bool
}

func (ps *peers) add(p *peer) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.over {
		_ = p.Conn.Close()
		return
	}
	if ps.set == nil {
		ps.set = map[*peer]struct{}{}
	}
	ps.set[p] = struct{}{}
}

func (ps *peers) drop(p *peer) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.set, p)
}

// close ends them, and those that come.
func (ps *peers) close() {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.over = true
	for p := range ps.set {
		_ = p.Conn.Close()
	}
}

// peer is a connection with the address of its other end, formatted once.
type peer struct {
	net.Conn
	addr   netip.Addr
	ip     string
	linger bool   // the goroutine that serves the connection sets it
	fresh  *peers // not nil until the first byte
	lines  lines
	raw    bool // a websocket: what comes are no requests
	desk   bool // it came to the dashboard's listener
}

var errMalformed = errors.New("malformed head")

func (p *peer) Read(b []byte) (int, error) {
	if p.raw {
		return p.Conn.Read(b)
	}
	if p.lines.bad != 0 {
		return 0, errMalformed
	}
	n, err := p.Conn.Read(b)
	p.lines.feed(b[:n])
	if p.fresh != nil {
		p.fresh.drop(p)
		p.fresh = nil
	}
	return n, err
}

// NetConn is the socket itself.
func (p *peer) NetConn() net.Conn { return p.Conn }

// Close reads on for a moment where a body was left unread.
func (p *peer) Close() error {
	if p.linger {
		p.linger = false
		if half, ok := p.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil &&
			p.Conn.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
			_, _ = io.CopyN(io.Discard, p.Conn, lingerBytes)
		}
	}
	return p.Conn.Close()
}

// addrOf is the address of a, IPv4 as such; the zero Addr where there is none
// (a unix socket).
func addrOf(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}
