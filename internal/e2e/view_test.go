package e2e_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
)

// view is a live query on one socket, as an app shows it.
type view struct {
	mu     sync.Mutex // guards the rest
	ready  bool       // the documents are those of a whole snapshot
	ids    []string
	closed int // the code, once the server has ended it
}

// view opens a live query of a collection with a token.
func (s *shop) view(t *testing.T, token, collection string) *view {
	t.Helper()
	d := websocket.Dialer{Subprotocols: []string{"hutch.v1"}}
	conn, res, err := d.Dial("ws"+strings.TrimPrefix(s.url, "http")+"/realtime/v1", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	v, done := &view{}, make(chan struct{})
	t.Cleanup(func() { _ = conn.Close(); <-done })
	for _, f := range []map[string]any{
		{"t": "hello", "proto": 1, "token": token},
		{"t": "sub", "id": 1, "query": map[string]any{"from": collection}},
	} {
		if err := conn.WriteJSON(f); err != nil {
			t.Fatal(err)
		}
	}
	go func() {
		defer close(done)
		for {
			_, text, err := conn.ReadMessage()
			if e, ok := err.(*websocket.CloseError); ok {
				v.mu.Lock()
				v.closed = e.Code
				v.mu.Unlock()
			}
			if err != nil {
				return
			}
			v.take(text)
		}
	}()
	return v
}

func (v *view) take(text []byte) {
	var f frame
	_ = json.Unmarshal(text, &f)
	v.mu.Lock()
	defer v.mu.Unlock()
	set := func(doc json.RawMessage) {
		id, _ := counted(doc)
		if !slices.Contains(v.ids, id) {
			v.ids = append(v.ids, id)
		}
	}
	switch f.T {
	case "subbed", "reset": // a snapshot follows
		v.ready, v.ids = false, nil
	case "end": // guests may not ask
		v.ready, v.ids = true, nil
	case "snap":
		for _, d := range f.Docs {
			set(d)
		}
		v.ready = f.Last
	case "delta":
		for _, c := range f.Ch {
			if c.Op == "set" {
				set(c.Doc)
			} else {
				v.ids = slices.DeleteFunc(v.ids, func(id string) bool { return id == c.ID })
			}
		}
	}
}

// shows reports whether the socket is open and shows these documents and no others.
func (v *view) shows(ids ...string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	slices.Sort(v.ids)
	return v.closed == 0 && v.ready && slices.Equal(v.ids, ids)
}

// over reports whether the server has said that the session is over.
func (v *view) over() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.closed == 4001
}
