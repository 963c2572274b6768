package main

import (
	"net"
	"net/http"
	"time"
)

// waitingRoom answers on ln that the server is not ready, while its database is
// waited for; leave gives ln back.
func waitingRoom(ln net.Listener) (leave func()) {
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		return func() {}
	}
	srv := &http.Server{
		Handler: http.HandlerFunc(waiting), ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10,
	}
	srv.SetKeepAlivesEnabled(false) // each goes to the real server as soon as that is there
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(borrowed{tcp})
	}()
	return func() {
		_ = srv.Close()
		<-done
		_ = tcp.SetDeadline(time.Time{})
	}
}

// borrowed is a listener that Close does not end: it only stops accepting.
type borrowed struct{ *net.TCPListener }

func (b borrowed) Close() error { return b.SetDeadline(time.Unix(1, 0)) }

func waiting(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if r.URL.Path == "/healthz" {
		_, _ = w.Write([]byte(`{"status":"ok"}`))
		return
	}
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(`{"code":"unavailable","message":"not ready: the store does not answer"}`))
}
