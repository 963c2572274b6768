package server_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

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
			get := dialRaw(b, s.addr, raw)
			b.ReportAllocs()
			for b.Loop() {
				get(b)
			}
		})
	}
}

// dialRaw gives a function that sends a request again and reads its answer.
func dialRaw(b *testing.B, addr, raw string) func(*testing.B) {
	b.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	br, req := bufio.NewReader(c), []byte(raw)
	return func(b *testing.B) {
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
}

// BenchmarkRequestLog compares a get with the request log to one without, in turns
// of 50; "ratio" is the median of the turns' ratios.
func BenchmarkRequestLog(b *testing.B) {
	const turn = 50
	const raw = "GET /data/v1/docs/open/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-ann\r\n\r\n"
	j := logJournal(b)
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	go j.Run(ctx)
	quiet := func(o *server.Options) { o.Log = slog.New(slog.DiscardHandler) }
	plain, logged := start(b, quiet), start(b, quiet, func(o *server.Options) { o.Logs = j })
	for _, s := range []*site{plain, logged} {
		s.docs.put("open", "a", "", "words of a document of ordinary size")
	}
	without, with := dialRaw(b, plain.addr, raw), dialRaw(b, logged.addr, raw)
	timed := func(get func(*testing.B)) time.Duration {
		began := time.Now()
		for range turn {
			get(b)
		}
		return time.Since(began)
	}
	timed(without)
	timed(with)
	var ratios []float64
	for b.Loop() {
		w := timed(without)
		ratios = append(ratios, float64(timed(with))/float64(w))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
}
