package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// send writes raw bytes and reads the first answer. open: the connection
// answers another request afterwards.
func send(t *testing.T, addr, raw string) (resp *http.Response, body string, open bool) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err = c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err = io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	br := bufio.NewReader(c)
	method, _, _ := strings.Cut(raw, " ")
	resp, err = http.ReadResponse(br, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("half an answer: %v", err)
	}
	if _, err = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err == nil {
		if next, err := http.ReadResponse(br, nil); err == nil {
			nb, _ := io.ReadAll(next.Body)
			open = next.StatusCode == 200 && string(nb) == `{"status":"ok"}`
			if !open {
				t.Errorf("the next request on the connection got %d %s", next.StatusCode, nb)
			}
		}
	}
	return resp, string(b), open
}

// TestS56RawRequests: each malformed request has one status, the flat body and
// a connection that ends wherever the end of the request is in doubt.
func TestS56RawRequests(t *testing.T) {
	s := start(t)
	const H = "Host: x\r\n"
	long := strings.Repeat("a", 9<<10)
	post := func(headers, body string) string {
		return "POST /data/v1/docs/open HTTP/1.1\r\n" + H + headers + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)) + body
	}
	for _, tc := range []struct {
		name, raw string
		status    int
		closes    bool
	}{
		// framing
		{"both lengths", "POST /data/v1/query HTTP/1.1\r\n" + H + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n" + H + "\r\n", 411, true},
		{"chunked", "POST /data/v1/query HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 411, true},
		{"xchunked", "POST /data/v1/query HTTP/1.1\r\n" + H + "Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\n{}", 411, true},
		{"identity", "POST /data/v1/query HTTP/1.1\r\n" + H + "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}", 411, true},
		{"chunked in two lines", "POST /data/v1/query HTTP/1.1\r\n" + H + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, true},
		{"two lengths", "POST /data/v1/query HTTP/1.1\r\n" + H + "Content-Length: 5\r\nContent-Length: 0\r\n\r\nGET /s", 400, true},
		{"two equal lengths", "POST /data/v1/query HTTP/1.1\r\n" + H + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400, true},
		{"a list of lengths", "POST /data/v1/query HTTP/1.1\r\n" + H + "Content-Length: 2, 2\r\n\r\n{}", 400, true},
		{"a signed length", "POST /data/v1/query HTTP/1.1\r\n" + H + "Content-Length: +2\r\n\r\n{}", 400, true},
		{"a negative length", "POST /data/v1/query HTTP/1.1\r\n" + H + "Content-Length: -2\r\n\r\n{}", 400, true},
		{"a hexadecimal length", "POST /data/v1/query HTTP/1.1\r\n" + H + "Content-Length: 0x2\r\n\r\n{}", 400, true},
		{"an empty length", "POST /data/v1/query HTTP/1.1\r\n" + H + "Content-Length:\r\n\r\n", 400, true},
		{"a huge length", "POST /data/v1/query HTTP/1.1\r\n" + H + "Content-Length: 99999999999999999999\r\n\r\n{}", 400, true},
		{"bare LF everywhere", "GET /healthz HTTP/1.1\nHost: x\n\n", 400, true},
		{"a request line that ends in LF", "GET /healthz HTTP/1.1\nHost: x\r\n\r\n", 400, true},
		{"a last line without a colon", "GET /healthz HTTP/1.1\r\n" + H + "nonsense\r\n\r\n", 400, true},
		{"one bare LF", "GET /healthz HTTP/1.1\r\n" + H + "X: y\n\r\n", 400, true},
		{"bare LF at the end", "GET /healthz HTTP/1.1\r\n" + H + "\n", 400, true},
		{"a bare CR in a value", "GET /healthz HTTP/1.1\r\n" + H + "X: a\rb\r\n\r\n", 400, true},
		{"NUL in a value", "GET /healthz HTTP/1.1\r\n" + H + "X: a\x00b\r\n\r\n", 400, true},
		{"folded", "GET /healthz HTTP/1.1\r\n" + H + "X: a\r\n b\r\n\r\n", 400, true},
		{"folded with a tab", "GET /healthz HTTP/1.1\r\n" + H + "X: a\r\n\tb\r\n\r\n", 400, true},
		{"a space before the colon", "GET /healthz HTTP/1.1\r\n" + H + "X : a\r\n\r\n", 400, true},
		{"no colon", "GET /healthz HTTP/1.1\r\n" + H + "nonsense\r\nX: y\r\n\r\n", 400, true},
		{"no name", "GET /healthz HTTP/1.1\r\n" + H + ": a\r\n\r\n", 400, true},
		{"a bad name", "GET /healthz HTTP/1.1\r\n" + H + "X(y): a\r\n\r\n", 400, true},
		{"no host", "GET /healthz HTTP/1.1\r\nX: b\r\n\r\n", 400, true},
		{"an empty host", "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", 400, true},
		{"two hosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, true},
		{"two Authorization", "GET /healthz HTTP/1.1\r\n" + H + "Authorization: Bearer token-ann\r\nAuthorization: Bearer token-bob\r\n\r\n", 400, true},
		{"two keys", post("Idempotency-Key: a\r\nIdempotency-Key: b\r\n", "{}"), 400, true},
		{"GET with a body", "GET /healthz HTTP/1.1\r\n" + H + "Content-Length: 2\r\n\r\nhi", 400, true},
		{"DELETE with a body", "DELETE /data/v1/docs/open/a HTTP/1.1\r\n" + H + "Content-Length: 2\r\n\r\nhi", 400, true},
		{"GET with length 0", "GET /healthz HTTP/1.1\r\n" + H + "Content-Length: 0\r\n\r\n", 200, false},
		{"unknown expectation", post("Expect: 200-maybe\r\n", "{}"), 400, true},
		// the request line
		{"a foreign absolute target", "GET http://evil/healthz HTTP/1.1\r\n" + H + "\r\n", 400, true},
		{"our own absolute target", "GET http://x/healthz HTTP/1.1\r\n" + H + "\r\n", 200, false},
		{"an authority as target", "GET x:80 HTTP/1.1\r\n" + H + "\r\n", 400, true},
		{"an asterisk", "OPTIONS * HTTP/1.1\r\n" + H + "\r\n", 400, true},
		{"CONNECT", "CONNECT x:80 HTTP/1.1\r\n" + H + "\r\n", 400, true},
		{"no method", " /healthz HTTP/1.1\r\n" + H + "\r\n", 400, true},
		{"not HTTP", "hello\r\n\r\n", 400, true},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, true},
		{"HTTP/3.7", "GET /healthz HTTP/3.7\r\n" + H + "\r\n", 400, true},
		{"a lower-case protocol", "GET /healthz http/1.1\r\n" + H + "\r\n", 400, true},
		{"HTTP/0.9", "GET /healthz\r\n\r\n", 400, true},
		{"a space in the target", "GET /data/v1/docs/open/a b HTTP/1.1\r\n" + H + "\r\n", 400, true},
		{"raw UTF-8", "GET /data/v1/docs/open/é HTTP/1.1\r\n" + H + "\r\n", 400, true},
		{"an unknown method", "BREW /healthz HTTP/1.1\r\n" + H + "\r\n", 405, false},
		{"a method in lower case", "get /healthz HTTP/1.1\r\n" + H + "\r\n", 405, false},
		{"TRACE", "TRACE /healthz HTTP/1.1\r\n" + H + "\r\n", 405, false},
		{"a method of another path", "PATCH /healthz HTTP/1.1\r\n" + H + "Content-Length: 0\r\n\r\n", 405, false},
		// sizes
		{"a long URL", "GET /data/v1/docs/open/" + long + " HTTP/1.1\r\n" + H + "\r\n", 431, true},
		{"long headers", "GET /healthz HTTP/1.1\r\n" + H + "X: " + long + "\r\nY: " + long + "\r\n\r\n", 431, true},
		{"a body over 16 MiB", "POST /data/v1/query HTTP/1.1\r\n" + H + "Content-Length: 16777217\r\n\r\n{}", 413, true},
		{"a body over 16 MiB, asked first", "POST /data/v1/query HTTP/1.1\r\n" + H + "Expect: 100-continue\r\nContent-Length: 16777217\r\n\r\n", 413, true},
		// paths
		{"an empty segment", "GET /data//v1 HTTP/1.1\r\n" + H + "\r\n", 400, true},
		{"a dot segment", "GET /data/v1/../v1 HTTP/1.1\r\n" + H + "\r\n", 400, true},
		{"an encoded slash", "GET /data/v1/docs/open/a%2fb HTTP/1.1\r\n" + H + "\r\n", 400, true},
		// bodies
		{"gzip", post("Content-Encoding: gzip\r\n", "\x1f\x8b"), 415, false},
		{"identity encoding", post("Content-Encoding: identity\r\n", "{}"), 415, false},
		{"text", post("Content-Type: text/plain\r\n", "{}"), 415, false},
		{"a form", post("Content-Type: application/x-www-form-urlencoded\r\n", "a=b"), 415, false},
		{"multipart", post("Content-Type: multipart/form-data; boundary=x\r\n", "--x\r\n\r\n--x--\r\n"), 415, false},
		{"latin1", post("Content-Type: application/json; charset=latin1\r\n", "{}"), 415, false},
		{"a charset", post("Content-Type: application/json;charset=\"UTF-8\"\r\n", "{}"), 201, false},
		{"no type", post("", "{}"), 201, false},
		{"no body", post("", ""), 400, false},
		{"half a body of JSON", post("", `{"a":`), 400, false},
		{"an array", post("", "[]"), 400, false},
		{"two values", post("", "{}{}"), 400, false},
		{"duplicate keys", post("", `{"a":1,"a":2}`), 400, false},
		{"not UTF-8", post("", "{\"a\":\"\xff\"}"), 400, false},
		{"too deep", post("", strings.Repeat(`{"a":`, 60)+"1"+strings.Repeat("}", 60)), 400, false},
		{"empty lines first", "\r\n\r\nGET /healthz HTTP/1.1\r\n" + H + "\r\n", 200, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp, body, open := send(t, s.addr, tc.raw)
			if resp.StatusCode != tc.status {
				t.Fatalf("got %d %s, want %d", resp.StatusCode, body, tc.status)
			}
			if open == tc.closes {
				t.Errorf("connection open: %v", open)
			}
			if tc.closes && !resp.Close {
				t.Error("the answer does not say that the connection closes")
			}
			if tc.status >= 400 {
				if err := flat(resp.Header, body); err != "" {
					t.Errorf("%s: %s", err, body)
				}
			}
		})
	}
}

// TestS56PipelinedSmuggling: what follows a refused request is never served.
func TestS56PipelinedSmuggling(t *testing.T) {
	s := start(t)
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err = c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nPOST /data/v1/docs/open HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST /data/v1/docs/open HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "HTTP/1.1 "); n != 2 || !strings.Contains(string(b), "HTTP/1.1 411 ") {
		t.Fatalf("%d answers:\n%s", n, b)
	}
	if len(s.docs.docs) != 0 {
		t.Fatal("the smuggled request was served")
	}
}

// TestS56PipelinedBareLF: requests before a malformed one are served, also where
// all come in one segment behind a body.
func TestS56PipelinedBareLF(t *testing.T) {
	s := start(t)
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err = c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, "POST /data/v1/docs/open HTTP/1.1\r\nHost: x\r\nCONTENT-LENGTH:  8 \r\n\r\n{\n\"a\":1}\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "HTTP/1.1 "); n != 3 || !strings.Contains(string(b), "HTTP/1.1 201 ") || !strings.Contains(string(b), "HTTP/1.1 200 ") || !strings.Contains(string(b), "HTTP/1.1 400 ") {
		t.Fatalf("%d answers:\n%s", n, b)
	}
}
