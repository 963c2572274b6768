package e2e_test

import (
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// watcher keeps the field n of a collection's documents by a live query, over
// any number of connections.
type watcher struct {
	s      *shop
	hello  []any
	closed chan struct{}
	done   chan struct{}

	mu   sync.Mutex
	docs map[string]int64 // guarded by mu
	sock *websocket.Conn  // guarded by mu

	deltas, resets, dials atomic.Int64
}

func watch(s *shop, token, collection string) *watcher {
	w := &watcher{s: s, closed: make(chan struct{}), done: make(chan struct{}), docs: map[string]int64{}, hello: []any{
		map[string]any{"t": "hello", "proto": 1, "token": token},
		map[string]any{"t": "sub", "id": 1, "query": map[string]any{"from": collection}},
	}}
	go func() {
		defer close(w.done)
		for {
			w.connection()
			select {
			case <-w.closed:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return w
}

func (w *watcher) stop() {
	close(w.closed)
	w.mu.Lock()
	if w.sock != nil {
		_ = w.sock.Close()
	}
	w.mu.Unlock()
	<-w.done
}

func (w *watcher) shown() map[string]int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.docs)
}

// connection lives until the socket ends.
func (w *watcher) connection() {
	d := websocket.Dialer{Subprotocols: []string{"hutch.v1"}, HandshakeTimeout: 5 * time.Second}
	c, res, err := d.Dial("ws"+strings.TrimPrefix(w.s.url, "http")+"/realtime/v1", nil)
	if err != nil {
		return
	}
	_ = res.Body.Close()
	defer func() { _ = c.Close() }()
	w.mu.Lock()
	w.sock = c
	w.mu.Unlock()
	w.dials.Add(1)
	for _, f := range w.hello {
		if c.WriteJSON(f) != nil {
			return
		}
	}
	var docs map[string]int64 // of the snapshot that comes
	for {
		_, text, err := c.ReadMessage()
		if err != nil {
			return
		}
		var f frame
		if err := json.Unmarshal(text, &f); err != nil {
			w.s.t.Errorf("a frame: %s", text)
			return
		}
		switch f.T {
		case "reset":
			w.resets.Add(1)
		case "snap":
			if docs == nil {
				docs = map[string]int64{}
			}
			for _, d := range f.Docs {
				id, n := counted(d)
				docs[id] = n
			}
			if f.Last {
				w.take(docs, true)
				docs = nil
			}
		case "delta":
			w.deltas.Add(1)
			for _, x := range f.Ch {
				if x.Op != "set" {
					w.s.t.Errorf("a counter is gone: %s", text)
					continue
				}
				id, n := counted(x.Doc)
				w.take(map[string]int64{id: n}, false)
			}
		case "end", "error":
			w.s.t.Errorf("the live query: %s", text)
		}
	}
}

// take puts values in; they only grow, whatever happens between.
func (w *watcher) take(docs map[string]int64, whole bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, n := range docs {
		if n < w.docs[id] {
			w.s.t.Errorf("counter %s went from %d to %d", id, w.docs[id], n)
		}
		w.docs[id] = n
	}
	if whole && len(docs) != len(w.docs) {
		w.s.t.Errorf("a snapshot of %d counters", len(docs))
	}
}

func counted(d json.RawMessage) (id string, n int64) {
	var doc struct {
		ID string `json:"_id"`
		N  int64
	}
	_ = json.Unmarshal(d, &doc)
	return doc.ID, doc.N
}
