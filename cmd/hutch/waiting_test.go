package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
)

func TestTheWaitingRoomAnswersAndGivesTheListenerBack(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) (status int, retry, body string) {
		t.Helper()
		r, err := http.Get("http://" + ln.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, r.Header.Get("Retry-After"), string(b)
	}
	for round := range 2 {
		leave := waitingRoom(ln)
		for _, path := range []string{"/readyz", "/data/v1/docs/a", "/"} {
			if status, retry, body := get(path); status != 503 || retry != "1" || body != `{"code":"unavailable","message":"not ready: the store does not answer"}` {
				t.Errorf("round %d: %s: %d %q %s", round, path, status, retry, body)
			}
		}
		if status, _, body := get("/healthz"); status != 200 || body != `{"status":"ok"}` {
			t.Errorf("round %d: /healthz: %d %s", round, status, body)
		}
		leave()
	}
	done := make(chan error, 1)
	srv := &http.Server{Handler: http.NotFoundHandler()}
	go func() { done <- srv.Serve(ln) }()
	if status, _, _ := get("/readyz"); status != 404 {
		t.Errorf("the real server: %d", status)
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}
