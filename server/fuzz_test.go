package server_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// FuzzRawRequest: whatever comes in, the first answer is ours, has the flat
// body where it is an error, and is never a fault of the server.
func FuzzRawRequest(f *testing.F) {
	for _, seed := range []string{
		"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /data/v1/docs/open HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nContent-Type: application/json\r\n\r\n{\"a\":1}",
		"PATCH /data/v1/docs/open/a HTTP/1.1\r\nHost: x\r\nIf-Match: \"1\"\r\nContent-Length: 20\r\n\r\n{\"$inc\":{\"stock\":1}}",
		"POST /data/v1/commit HTTP/1.1\r\nHost: x\r\nIdempotency-Key: 11111111-1111-4111-8111-111111111111\r\nContent-Length: 13\r\n\r\n{\"writes\":[]}",
		"GET /data/v1/docs/open?where=%7B%7D&limit=5&orderBy=-a HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /realtime/v1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		"POST /auth/v1/token?grant_type=password HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
		"OPTIONS /x HTTP/1.1\r\nHost: x\r\nOrigin: https://a\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
		"GET /x%2e HTTP/1.0\r\nhost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /functions/v1/echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
	} {
		f.Add([]byte(seed))
	}
	s := start(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Skip(err)
		}
		defer c.Close()
		if err = c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err = c.Write(raw); err != nil {
			t.Skip("the server closed before all was written")
		}
		if err = c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Skip(err)
		}
		method, _, _ := bytes.Cut(bytes.TrimLeft(raw, "\r\n"), []byte(" "))
		br, req := bufio.NewReader(c), &http.Request{Method: string(method)}
		resp, err := http.ReadResponse(br, req)
		if err == nil && resp.StatusCode == http.StatusContinue {
			resp, err = http.ReadResponse(br, req)
		}
		if err != nil {
			return // half a request: nothing to answer
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal("half an answer:", err)
		}
		if resp.StatusCode >= 400 && string(method) != "HEAD" {
			if err := flat(resp.Header, string(body)); err != "" {
				t.Fatalf("%s: %d %s", err, resp.StatusCode, body)
			}
		}
		if resp.StatusCode >= 500 && resp.StatusCode != 501 {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
	})
}
