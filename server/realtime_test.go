package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/hutch-dev/hutch/server"
)

var farOff = time.Now().Add(time.Hour)

// TestHello: the first frame is hello, once, of proto 1, in time.
func TestHello(t *testing.T) {
	s := startLive(t)
	c := s.call(t)
	c.send(`{"t":"hello","proto":1,"client":"js/1.0.0","app":"1.4.0","later":{"a":[1]}}`)
	c.want("welcome", "proto", 1, "uid", nil, "exp", nil, "ping", 30, "limits", map[string]any{"subs": 20, "frame": 65536}, "v", "0000000000000000")
	c.send(`{"t":"hello","proto":1}`)
	c.want("error", "code", "invalid_argument")
	c.gone(4000)

	c = s.call(t)
	c.send(`{"t":"hello","proto":1,"token":"ann"}`)
	c.want("welcome", "uid", "ann", "limits", map[string]any{"subs": 100, "frame": 65536})

	for _, first := range []string{
		``, `{`, `[]`, `"hello"`, `{"t":"sub","id":1,"query":{"from":"pets"}}`, `{"t":"hello"}`, `{"t":"hello","proto":2}`,
		`{"t":"hello","proto":"1"}`, `{"t":"hello","proto":1.5}`, `{"t":"hello","proto":1}{}`, `{"t":"hello","t":"hello","proto":1}`,
		`{"t":"hello","proto":1,"x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`,
	} {
		c := s.call(t)
		c.send(first)
		c.want("error", "code", "invalid_argument")
		c.gone(4000)
	}
	waitFor(t, "all but one are gone", func() bool { return s.live.Count() == 1 })
}

func TestHelloInTime(t *testing.T) {
	s := startLive(t, func(o *server.RealtimeOptions) { o.Times.Hello = 1 })
	c := s.call(t)
	c.want("error", "code", "deadline_exceeded")
	c.gone(4000)
}

// TestS47BadTokensAreNeverGuests.
func TestS47BadTokensAreNeverGuests(t *testing.T) {
	s := startLive(t)
	for _, token := range []string{`"forged"`, `""`, `5`, `{}`, `["ann"]`, `true`} {
		c := s.call(t)
		c.send(`{"t":"hello","proto":1,"token":` + token + `}`)
		c.want("error", "code", "unauthenticated")
		c.gone(4001)
		c = s.greet(t, "ann")
		c.send(`{"t":"auth","token":` + token + `}`)
		c.want("error", "code", "unauthenticated")
		c.gone(4001)
	}
	c := s.greet(t, "key")
	c.send(`{"t":"ping","n":4}`)
	c.want("pong", "n", 4)
	c = s.call(t, "Origin", "https://app.example")
	c.send(`{"t":"hello","proto":1,"token":"key"}`)
	c.want("error", "code", "unauthenticated")
	c.gone(4001)
}

// TestS49Messages: text, UTF-8, sizes over all fragments, depth, no duplicates.
func TestS49Messages(t *testing.T) {
	s := startLive(t)
	ping := func(n int) string { // a ping of n bytes
		return `{"t":"ping","n":1,"pad":"` + strings.Repeat("x", n-27) + `"}`
	}
	if n := len(ping(100)); n != 100 {
		t.Fatal(n)
	}
	deep := func(n int) string {
		return `{"t":"ping","n":1,"d":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`
	}
	for name, text := range map[string]string{"64 KiB": ping(64 << 10), "depth 32": deep(32)} {
		c := s.greet(t, "")
		c.send(text)
		if f := c.next(); f["t"] != "pong" {
			t.Errorf("%s: %v", name, f)
		}
	}
	for name, x := range map[string]struct {
		kind int
		text string
		code int
	}{
		"more than 64 KiB": {websocket.TextMessage, ping(64<<10 + 1), 1009},
		"a lot":            {websocket.TextMessage, ping(8 << 20), 1009},
		"binary":           {websocket.BinaryMessage, `{"t":"ping","n":1}`, 4000},
		"no UTF-8":         {websocket.TextMessage, "{\"t\":\"ping\",\"n\":1,\"x\":\"\xff\"}", 4000},
		"a surrogate":      {websocket.TextMessage, "{\"t\":\"ping\",\"n\":1,\"x\":\"\xed\xa0\x80\"}", 4000},
		"depth 33":         {websocket.TextMessage, deep(33), 4000},
		"duplicate keys":   {websocket.TextMessage, `{"t":"ping","n":1,"n":2}`, 4000},
		"inner duplicates": {websocket.TextMessage, `{"t":"sub","id":1,"query":{"from":"pets","where":{"a":1,"a":2}}}`, 4000},
		"no object":        {websocket.TextMessage, `[1]`, 4000},
		"nothing":          {websocket.TextMessage, ``, 4000},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.greet(t, "")
			_ = c.WriteMessage(x.kind, []byte(x.text)) // may be cut off
			c.t = t
			c.want("error")
			c.gone(x.code)
		})
	}
	t.Run("fragments", func(t *testing.T) {
		c, br, _ := s.raw(t, "", frame(1, []byte(`{"t":"hello","proto":1}`)))
		if _, err := readFrame(br); err != nil {
			t.Fatal(err)
		}
		part := []byte(strings.Repeat(" ", 1000))
		for i := range 70 {
			f := frame(0, part)
			if f[0] = 0; i == 0 {
				f[0] = 1
			}
			if _, err := c.Write(f); err != nil {
				break
			}
		}
		for {
			got, err := readFrame(br)
			if err != nil {
				t.Fatal("no close:", err)
			}
			if strings.HasPrefix(got, "\x03\xf1") { // 1009
				break
			}
		}
	})
	for n, code := range map[int]int{16 << 10: 0, 16<<10 + 1: 1009} {
		c := s.call(t)
		const head = `{"t":"hello","proto":1,"app":"`
		_ = c.WriteMessage(websocket.TextMessage, []byte(head+strings.Repeat("x", n-len(head)-2)+`"}`))
		if code == 0 {
			c.want("welcome")
		} else {
			c.want("error", "code", "payload_too_large")
			c.gone(code)
		}
	}
}

// TestS50InboundRate: bursts of 200, frames of any kind.
func TestS50InboundRate(t *testing.T) {
	s := startLive(t)
	for name, one := range map[string]func(c *caller, i int){
		"pings of ours": func(c *caller, i int) {
			_ = c.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"t":"ping","n":%d}`, i))
		},
		"pings": func(c *caller, _ int) { _ = c.WriteControl(websocket.PingMessage, []byte("x"), farOff) },
		"pongs": func(c *caller, _ int) { _ = c.WriteControl(websocket.PongMessage, nil, farOff) },
	} {
		t.Run(name, func(t *testing.T) {
			c := s.greet(t, "")
			for i := range 201 {
				one(c, i)
			}
			last := ""
			for {
				_, b, err := c.ReadMessage()
				if err != nil {
					if !websocket.IsCloseError(err, 4013) || !strings.Contains(last, `"code":"resource_exhausted"`) {
						t.Fatal(last, err)
					}
					return
				}
				last = string(b)
			}
		})
	}
}

// TestFramesThatAreNotUnderstood are answered; the socket goes on.
func TestFramesThatAreNotUnderstood(t *testing.T) {
	s := startLive(t)
	c := s.greet(t, "ann")
	many := `{"t":"sub","subs":[` + strings.Repeat("{},", 100) + `{}]}`
	for text, code := range map[string]string{
		`{}`:                                  "invalid_argument",
		`{"t":"presence"}`:                    "invalid_argument",
		`{"t":5}`:                             "invalid_argument",
		`{"t":"sub","query":{"from":"pets"}}`: "invalid_argument",
		`{"t":"sub","id":"7","query":{"from":"pets"}}`: "invalid_argument",
		`{"t":"sub","id":7.5,"query":{"from":"pets"}}`: "invalid_argument",
		`{"t":"sub","id":9007199254740993,"query":{}}`: "invalid_argument",
		`{"t":"sub","subs":{}}`:                        "invalid_argument",
		`{"t":"sub","subs":[5,6]}`:                     "invalid_argument",
		`{"t":"sub","subs":[{},{},{}]}`:                "invalid_argument",
		many:                                           "resource_exhausted",
		`{"t":"unsub"}`:                                "invalid_argument",
		`{"t":"sync"}`:                                 "invalid_argument",
		`{"t":"sync","v":"00"}`:                        "invalid_argument",
		`{"t":"sync","v":"00000000000000FF"}`:          "invalid_argument",
		`{"t":"more","id":7,"limit":150}`:              "unimplemented",
	} {
		c.send(text)
		c.want("error", "code", code)
	}
	for _, text := range []string{`{"t":"known","id":7,"known":{"a":3}}`, `{"t":"unsub","id":99}`} {
		c.send(text)
	}
	c.send(`{"t":"ping","n":7,"unknown":[]}`)
	c.want("pong", "n", 7)
}

// TestSubscriptionsThatAreRefused end with a code; their ids are free.
func TestSubscriptionsThatAreRefused(t *testing.T) {
	s := startLive(t)
	c := s.greet(t, "ann")
	for _, x := range [][3]string{
		{`"query":{"from":"pets","where":{"a":{"$nope":1}}}`, "invalid_argument", "query.where.a"},
		{`"query":{"from":"pets","limit":1001}`, "invalid_argument", ""},
		{`"query":{"from":"pets","orderBy":[["n","up"]]}`, "invalid_argument", "query.orderBy"},
		{`"query":{"where":{}}`, "invalid_argument", "query"},
		{`"query":5`, "invalid_argument", "query"},
		{`"no":1`, "invalid_argument", "query"},
		{`"count":true,"query":{"from":"pets"}`, "unimplemented", "count"},
		{`"count":1,"query":{"from":"pets"}`, "unimplemented", "count"},
		{`"query":{"from":"pets","count":true}`, "unimplemented", ""},
		{`"query":{"from":"pets","after":"x"}`, "unimplemented", ""},
		{`"query":{"from":"closed"}`, "permission_denied", ""},
		{`"query":{"from":"nowhere"}`, "permission_denied", ""},
		{`"query":{"from":"_users"}`, "permission_denied", ""},
		{`"query":{"from":"pets","where":{"a":{"$regex":"("}}}`, "invalid_argument", "query.where"},
	} {
		c.send(`{"t":"sub","id":1,` + x[0] + `}`)
		f := c.want("end", "id", 1, "code", x[1])
		if got := fmt.Sprint(f["field"]); x[2] != "" && !strings.HasPrefix(got, x[2]) {
			t.Errorf("%s: %v", x[0], f)
		}
	}
	c.send(`{"t":"sub","id":1,"count":false,"query":{"from":"pets"}}`)
	c.want("subbed", "id", 1)
}

// TestS20TimeIsRefusedInLiveRules, and so are look-ups, until they are followed.
func TestS20TimeIsRefusedInLiveRules(t *testing.T) {
	s := startLive(t)
	c := s.greet(t, "ann")
	for id, coll := range []string{"timed", "teams"} {
		c.send(fmt.Sprintf(`{"t":"sub","id":%d,"query":{"from":%q}}`, id, coll))
		c.want("end", "id", id, "code", "unimplemented")
	}
}
