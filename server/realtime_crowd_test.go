package server_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/hutch-dev/hutch/server"
)

// from is the header of a client's address.
func from(n int) []string { return []string{"X-Forwarded-For", fmt.Sprintf("203.0.113.%d", n)} }

// TestS50SubscriptionLimits: 20 of a guest, as many as configured of a user,
// 1,000 of all guests of an address.
func TestS50SubscriptionLimits(t *testing.T) {
	s := startLive(t, func(o *server.RealtimeOptions) { o.Limits.Subscriptions = 30 })
	fill := func(c *caller, n int) (ok, refused int) {
		c.t.Helper()
		var subs []string
		for i := range n {
			subs = append(subs, fmt.Sprintf(`{"id":%d,"query":{"from":"pets","limit":1}}`, i))
		}
		c.send(`{"t":"sub","subs":[` + strings.Join(subs, ",") + `]}`)
		c.send(`{"t":"sync","v":"0000000000000000"}`)
		for f := c.next(); f["t"] != "commit"; f = c.next() {
			switch {
			case f["t"] == "subbed":
				ok++
			case f["t"] == "end" && f["code"] == "resource_exhausted":
				refused++
			case f["t"] == "end":
				t.Fatal(f)
			}
		}
		return ok, refused
	}
	guest := s.greet(t, "")
	if ok, refused := fill(guest, 30); ok != 20 || refused != 10 {
		t.Errorf("a guest has %d, %d refused", ok, refused)
	}
	user := s.greet(t, "ann")
	if ok, _ := fill(user, 30); ok != 30 {
		t.Errorf("a user has %d", ok)
	}
	user.send(`{"t":"sub","id":99,"query":{"from":"pets"}}`)
	user.want("end", "id", 99, "code", "resource_exhausted")
	user.send(`{"t":"unsub","id":3}`)
	user.send(`{"t":"sub","id":99,"query":{"from":"pets"}}`)
	user.want("subbed", "id", 99)
	user.want("snap")
	user.send(`{"t":"auth","token":null}`) // as a guest 20 are left
	user.want("auth")
	user.send(`{"t":"sync","v":"0000000000000000"}`)
	ended := 0
	for f := user.next(); f["t"] != "commit"; f = user.next() {
		if f["t"] == "end" {
			ended++
		}
	}
	if ended != 10 {
		t.Errorf("%d ended at sign-out", ended)
	}
	total := 0
	for range 52 {
		ok, _ := fill(s.greet(t, "", from(7)...), 20)
		total += ok
	}
	if total != 1000 {
		t.Errorf("the guests of an address have %d", total)
	}
	if ok, _ := fill(s.greet(t, "bob", from(7)...), 30); ok != 30 {
		t.Error("guests take from users of their address")
	}
}

// TestS50SocketsOfAnAddress: 50 before hello, guests as configured; loopback,
// users and other addresses are not counted.
func TestS50SocketsOfAnAddress(t *testing.T) {
	s := startLive(t, func(o *server.RealtimeOptions) { o.Limits.Sockets = 3 })
	var silent []*caller
	for range 50 {
		silent = append(silent, s.call(t, from(1)...))
	}
	waitFor(t, "50 sockets", func() bool { return s.live.Count() == 50 })
	c := s.call(t, from(1)...)
	c.want("error", "code", "resource_exhausted")
	c.gone(4009)
	s.greet(t, "", from(2)...)
	s.greet(t, "")
	silent[0].send(`{"t":"hello","proto":1}`)
	silent[0].want("welcome")
	for _, c := range silent {
		c.Close()
	}
	waitFor(t, "they are gone", func() bool { return s.live.Count() == 2 })
	var guests []*caller
	for range 3 {
		guests = append(guests, s.greet(t, "", from(1)...))
	}
	for range 5 {
		s.greet(t, "ann", from(1)...)
	}
	c = s.call(t, from(1)...)
	c.send(`{"t":"hello","proto":1}`)
	c.want("error", "code", "resource_exhausted")
	c.gone(4009)
	guests[0].send(`{"t":"auth","token":"bob"}`)
	guests[0].want("auth", "uid", "bob")
	s.greet(t, "", from(1)...)
	guests[0].send(`{"t":"auth","token":null}`)
	guests[0].want("error", "code", "resource_exhausted")
	guests[0].gone(4009)
}

func TestConnectionsOfTheNode(t *testing.T) {
	s := startLive(t, func(o *server.RealtimeOptions) { o.Limits.Connections = 2 })
	s.greet(t, "ann")
	b := s.greet(t, "bob")
	c := s.call(t)
	c.want("error", "code", "resource_exhausted")
	c.gone(4009)
	b.Close()
	waitFor(t, "a place is free", func() bool { return s.live.Count() == 1 })
	s.greet(t, "cid")
}

// TestS53SocketsOfOtherSites are refused before anything is read.
func TestS53SocketsOfOtherSites(t *testing.T) {
	s := startLive(t)
	s.greet(t, "ann", "Origin", "https://app.example")
	for _, h := range [][]string{{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}, {"Host", "evil.example"}} {
		if c, a, err := s.tryDial(h...); err == nil {
			c.Close()
			t.Errorf("%v: %v", h, a)
		}
	}
	if n := s.live.Count(); n != 1 {
		t.Errorf("%d sockets", n)
	}
}

// TestShutdownSaysBye with the time of return, closes with 1001, and leaves no
// goroutine.
func TestShutdownSaysBye(t *testing.T) {
	s := startLive(t)
	s.put(t, "a", `{"public":true}`)
	var cs []*caller
	for range 5 {
		c := s.greet(t, "ann")
		c.show(1, mine)
		cs = append(cs, c)
	}
	quiet := s.call(t)
	waitFor(t, "all are there", func() bool { return s.live.Count() == 6 })
	done := make(chan error, 1)
	go func() { done <- s.live.Shutdown(context.Background()) }()
	for _, c := range cs {
		f := c.want("bye", "why", "restart")
		if n := f["retryMs"].(float64); n < 1000 || n > 6000 {
			t.Error(f)
		}
		c.gone(1001)
	}
	quiet.gone(1001)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	late := s.call(t)
	late.want("error", "code", "unavailable")
	late.gone(1001)
	waitFor(t, "no goroutine of sockets is left", func() bool { return running("server.(*socket)") == 0 && running("server.(*Realtime)") == 0 })
	s.hub.Close()
	waitFor(t, "no goroutine of the hub is left", func() bool { return running("live.(*Hub)") == 0 })
}

// running counts goroutines whose state and stack show all of names.
func running(names ...string) int {
	buf := make([]byte, 4<<20)
	n := 0
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if !slices.ContainsFunc(names, func(name string) bool { return !strings.Contains(g, name) }) {
			n++
		}
	}
	return n
}

// TestShutdownDoesNotWaitForStuckClients beyond its context.
func TestShutdownDoesNotWaitForStuckClients(t *testing.T) {
	s := startLive(t)
	stuckClient(t, s)
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if err := s.live.Shutdown(ctx); err == nil {
		t.Error("a client that does not read was waited for")
	}
	if n := s.live.Count(); n != 0 {
		t.Errorf("%d sockets are left", n)
	}
}

// stuckClient subscribes and stops reading until the server's writes block.
func stuckClient(t *testing.T, s *station) *caller {
	t.Helper()
	s.put(t, "a", `{"public":true}`)
	c := s.greet(t, "")
	if err := c.NetConn().(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	c.show(1, mine)
	pad := strings.Repeat("x", 200<<10)
	n := 0
	waitFor(t, "a blocked write", func() bool {
		n++
		s.put(t, "a", fmt.Sprintf(`{"public":true,"n":%d,"pad":%q}`, n, pad))
		return running("server.WriteBatch", "[IO wait") > 0
	})
	return c
}

// TestStuckClientsAreClosed without keeping anybody waiting.
func TestStuckClientsAreClosed(t *testing.T) {
	s := startLive(t, func(o *server.RealtimeOptions) { o.Times.Stuck = 200 * time.Millisecond })
	other := s.greet(t, "bob")
	other.show(1, `{"from":"pets","where":{"owner":"bob"}}`)
	stuckClient(t, s)
	v := s.put(t, "b", doc("bob", 1))
	other.want("delta", "v", v)
	waitFor(t, "the stuck one is gone", func() bool { return s.live.Count() == 1 })
}

// TestS50FloodsOfAnswersEndTheSocket: a client that asks and does not read is
// given up, however slow its frames are for the rate.
func TestS50FloodsOfAnswersEndTheSocket(t *testing.T) {
	s := startLive(t)
	c := s.greet(t, "ann")
	if err := c.NetConn().(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	var subs []string
	for i := range 100 {
		subs = append(subs, fmt.Sprintf(`{"id":%d,"query":{"from":"pets","where":{"%s":{"$bad":1}}}}`, i, strings.Repeat("x", 250)))
	}
	text := []byte(`{"t":"sub","subs":[` + strings.Join(subs, ",") + `]}`)
	for range 199 {
		if c.WriteMessage(websocket.TextMessage, text) != nil {
			break
		}
	}
	waitFor(t, "it is closed", func() bool { return s.live.Count() == 0 })
}

// TestPingsAreAnswered with their text, in whatever state the queue is.
func TestPingsAreAnswered(t *testing.T) {
	s := startLive(t)
	c := s.greet(t, "ann")
	got := ""
	c.SetPongHandler(func(text string) error { got = text; return nil })
	if err := c.WriteControl(websocket.PingMessage, []byte("are you there"), farOff); err != nil {
		t.Fatal(err)
	}
	c.send(`{"t":"ping","n":1}`)
	c.want("pong", "n", 1)
	c.send(`{"t":"ping","n":2}`)
	c.want("pong", "n", 2)
	if got != "are you there" {
		t.Errorf("pong %q", got)
	}
}
