package server

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// handedConn is a connection taken from fasthttp, with the bytes that it had
// read beyond the handshake.
type handedConn struct {
	net.Conn
	early  []byte
	closed atomic.Bool

	mu  sync.Mutex // guards out and orders writes
	out *bytes.Buffer
}

// Close closes the connection once.
func (c *handedConn) Close() error {
	if c.closed.Swap(true) {
		return net.ErrClosed
	}
	return c.Conn.Close()
}

// Read gives what was read beyond the handshake first.
func (c *handedConn) Read(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		if c.early = c.early[n:]; len(c.early) == 0 {
			c.early = nil
		}
		return n, nil
	}
	return c.Conn.Read(p)
}

// NetConn is the socket (or TLS connection) itself.
func (c *handedConn) NetConn() net.Conn {
	if p, ok := c.Conn.(*peer); ok {
		return p.Conn
	}
	return c.Conn
}

// batches holds buffers of corked writes.
var batches = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxKeptBatch is the largest buffer that goes back to the pool.
const maxKeptBatch = 256 << 10

// Socket is the TCP connection under a websocket, nil where there is none:
// its write buffer is the realtime room's to set.
func Socket(conn *websocket.Conn) *net.TCPConn {
	h, ok := conn.NetConn().(*handedConn)
	if !ok {
		return nil
	}
	tcp, _ := h.NetConn().(*net.TCPConn)
	return tcp
}

// WriteBatch sends prepared messages in order with one system call instead of
// one each. Only one goroutine may write data messages to conn at a time
// (gorilla's rule); control frames from others are safe. After an error the
// connection is of no use.
func WriteBatch(conn *websocket.Conn, msgs []*websocket.PreparedMessage, deadline time.Time) error {
	h, ok := conn.NetConn().(*handedConn)
	cork := ok && len(msgs) > 1
	if cork {
		h.cork()
	}
	err := conn.SetWriteDeadline(deadline)
	for _, m := range msgs {
		if err != nil {
			break
		}
		err = conn.WritePreparedMessage(m)
	}
	if cork {
		if e := h.uncork(deadline); err == nil {
			err = e
		}
	}
	return err
}

func (c *handedConn) cork() {
	c.mu.Lock()
	c.out = batches.Get().(*bytes.Buffer)
	c.mu.Unlock()
}

func (c *handedConn) uncork(deadline time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.out
	c.out = nil
	err := c.Conn.SetWriteDeadline(deadline)
	if err == nil {
		_, err = c.Conn.Write(b.Bytes())
	}
	if b.Cap() <= maxKeptBatch {
		b.Reset()
		batches.Put(b)
	}
	return err
}

// Write collects what gorilla writes while corked. The lock also keeps a pong,
// which the reading goroutine sends, whole.
func (c *handedConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out != nil {
		return c.out.Write(p)
	}
	return c.Conn.Write(p)
}
