package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
)

func TestNobodyReadsAnothersOrders(t *testing.T) {
	s := petstore(t)
	ann, bob := s.signUp(), s.signUp()
	bought := s.buy(ann, "p010", 1, uuid.NewString())
	if bought.status != 200 {
		t.Fatal(bought.body)
	}
	var order struct{ Order string }
	bought.into(&order)
	path := "/data/v1/docs/orders/" + order.Order
	if a := s.do("GET", path, ann.token, nil); a.status != 200 {
		t.Fatalf("her own order: %d %s", a.status, a.body)
	}
	secret := ann.uid
	for _, c := range []struct {
		name, method, path, token string
		body                      any
		status                    int
	}{
		{"get", "GET", path, bob.token, nil, 404},
		{"get as guest", "GET", path, "", nil, 404},
		{"list", "GET", "/data/v1/docs/orders", bob.token, nil, 200},
		{"list as guest", "GET", "/data/v1/docs/orders", "", nil, 401},
		{"query by her id", "POST", "/data/v1/query", bob.token, map[string]any{"from": "orders", "where": map[string]any{"user": ann.uid}, "count": true}, 200},
		{"query with or", "POST", "/data/v1/query", bob.token, `{"from":"orders","where":{"$or":[{"user":{"$exists":true}},{"_id":{"$exists":true}}]}}`, 200},
		{"create for her", "POST", "/data/v1/docs/orders", bob.token, map[string]any{"user": ann.uid, "product": "p1", "quantity": 1, "total": 1}, 403},
		{"update", "PATCH", path, bob.token, map[string]any{"user": bob.uid}, 404},
		{"update of one's own", "PATCH", path, ann.token, map[string]any{"total": 0}, 403},
		{"delete", "DELETE", path, bob.token, nil, 404},
		{"a precondition as oracle", "POST", "/data/v1/commit", bob.token, map[string]any{"writes": []any{map[string]any{"op": "update", "in": "orders", "id": order.Order, "data": map[string]any{}, "if": map[string]any{"quantity": 1}}}}, 404},
		{"her token, cut", "GET", path, ann.token[:len(ann.token)-2], nil, 401},
	} {
		a := s.do(c.method, c.path, c.token, c.body)
		if a.status != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, a.status, a.body, c.status)
		}
		if strings.Contains(a.body, secret) || strings.Contains(a.body, order.Order) {
			t.Errorf("%s shows the order: %s", c.name, a.body)
		}
	}
	missing := s.do("GET", "/data/v1/docs/orders/nothing", bob.token, nil)
	hidden := s.do("GET", path, bob.token, nil)
	if strip(missing.body) != strip(hidden.body) {
		t.Errorf("missing %s, hidden %s", missing.body, hidden.body)
	}

	for _, token := range []string{bob.token, ""} {
		frames := s.listen(t, token, `{"t":"sub","id":1,"query":{"from":"orders"}}`, `{"t":"sub","id":2,"query":{"from":"orders","where":{"user":"`+ann.uid+`"}}}`)
		if a := s.buy(ann, "p010", 1, uuid.NewString()); a.status != 200 {
			t.Fatal(a.body)
		}
		for _, f := range frames(time.Second) {
			if strings.Contains(f, secret) {
				t.Errorf("a socket of %q was sent %s", token, f)
			}
		}
	}
	mine := s.listen(t, ann.token, `{"t":"sub","id":1,"query":{"from":"orders"}}`)
	if a := s.buy(ann, "p010", 1, uuid.NewString()); a.status != 200 {
		t.Fatal(a.body)
	}
	if all := strings.Join(mine(time.Second), "\n"); !strings.Contains(all, `"t":"delta"`) {
		t.Errorf("her own socket shows no new order:\n%s", all)
	}
}

// strip leaves the request id out of an error's body.
func strip(body string) string {
	var m map[string]any
	if json.Unmarshal([]byte(body), &m) == nil {
		delete(m, "requestId")
	}
	b, _ := json.Marshal(m)
	return string(b)
}

// listen opens a socket, sends frames, and gives what collects answers for a while.
func (s *shop) listen(t *testing.T, token string, frames ...string) func(time.Duration) []string {
	t.Helper()
	d := websocket.Dialer{Subprotocols: []string{"hutch.v1"}}
	conn, res, err := d.Dial("ws"+strings.TrimPrefix(s.url, "http")+"/realtime/v1", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	t.Cleanup(func() { conn.Close() })
	hello := map[string]any{"t": "hello", "proto": 1}
	if token != "" {
		hello["token"] = token
	}
	if err := conn.WriteJSON(hello); err != nil {
		t.Fatal(err)
	}
	if _, m, err := conn.ReadMessage(); err != nil || !strings.Contains(string(m), `"t":"welcome"`) {
		t.Fatalf("%s %v", m, err)
	}
	for _, f := range frames {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(f)); err != nil {
			t.Fatal(err)
		}
	}
	for answered := 0; answered < len(frames); { // each is answered before anything is bought
		_, m, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(m), `"t":"snap"`) || strings.Contains(string(m), `"t":"end"`) {
			answered++
		}
	}
	return func(d time.Duration) []string {
		var out []string
		if err := conn.SetReadDeadline(time.Now().Add(d)); err != nil {
			t.Fatal(err)
		}
		for {
			_, m, err := conn.ReadMessage()
			if err != nil {
				return out
			}
			out = append(out, string(m))
		}
	}
}
