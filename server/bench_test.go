package server_test

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"strconv"
	"testing"

	"github.com/hutch-dev/hutch/server"
)

// BenchmarkRequests shows what a request costs without a store; the client
// side allocates nothing.
func BenchmarkRequests(b *testing.B) {
	s := start(b, func(o *server.Options) { o.Log = slog.New(slog.DiscardHandler) })
	s.docs.put("open", "a", "", "words of a document of ordinary size")
	for name, raw := range map[string]string{
		"health": "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
		"get":    "GET /data/v1/docs/open/a HTTP/1.1\r\nHost: x\r\nUser-Agent: bench\r\nAccept: */*\r\nAuthorization: Bearer token-ann\r\n\r\n",
		"404":    "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		b.Run(name, func(b *testing.B) {
			c, err := net.Dial("tcp", s.addr)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			br, req := bufio.NewReader(c), []byte(raw)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Write(req); err != nil {
					b.Fatal(err)
				}
				length := 0
				for {
					line, err := br.ReadSlice('\n')
					if err != nil {
						b.Fatal(err)
					}
					if len(line) == 2 {
						break
					}
					if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
						length, _ = strconv.Atoi(string(bytes.TrimSpace(v)))
					}
				}
				if _, err := io.CopyN(io.Discard, br, int64(length)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
