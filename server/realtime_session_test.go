package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

const mine = `{"from":"pets"}`

func doc(owner string, n int) string { return fmt.Sprintf(`{"owner":%q,"n":%d}`, owner, n) }

// TestSubscriptionsFollowCommits: sub, snap, delta, sync, unsub.
func TestSubscriptionsFollowCommits(t *testing.T) {
	s := startLive(t)
	s.put(t, "a", doc("ann", 1))
	c := s.greet(t, "ann")
	f := c.show(7, `{"from":"pets","orderBy":[["n","desc"]],"limit":10,"select":["n"]}`)
	if got := fmt.Sprint(f["docs"]); !strings.Contains(got, "_id:a") || strings.Contains(got, "owner") {
		t.Fatal(got)
	}
	s.put(t, "b", doc("bob", 5))
	v := s.put(t, "c", doc("ann", 2))
	c.send(fmt.Sprintf(`{"t":"sync","v":%q}`, v))
	if f = c.want("delta", "q", f["q"], "v", v, "end", true); !strings.Contains(fmt.Sprint(f["ch"]), "at:0") {
		t.Fatal(f)
	}
	c.want("commit", "v", v)
	c.send(`{"t":"unsub","id":7}`)
	c.send(`{"t":"ping","n":1}`)
	c.want("pong")
	v = s.put(t, "c", doc("ann", 3))
	c.send(fmt.Sprintf(`{"t":"sync","v":%q}`, v))
	c.want("commit", "v", v)
	c.show(7, mine)
	c.send(`{"t":"sub","id":7,"query":{"from":"pets","limit":1}}`) // a reused id ends the old one
	c.want("subbed", "id", 7, "resume", false)
	c.want("snap", "more", true)
	c.send(`{"t":"sub","id":8,"query":{"from":"pets","limit":1}}`)
	c.want("subbed", "id", 8, "resume", true)
}

// TestS47AnotherUserOnTheSocket: the first frame after auth is its answer, and
// nothing of the former user comes after it.
func TestS47AnotherUserOnTheSocket(t *testing.T) {
	s := startLive(t)
	s.put(t, "a", doc("ann", 1))
	s.put(t, "b", doc("bob", 1))
	c := s.greet(t, "ann")
	c.show(1, mine)
	for i := range 20 {
		s.put(t, "a", fmt.Sprintf(`{"owner":"ann","n":%d,"pad":%q}`, i, strings.Repeat("x", 60<<10)))
	}
	c.send(`{"t":"auth","token":"bob"}`)
	for answered := false; ; {
		f := c.next()
		if f["t"] == "auth" {
			answered = true
			if f["uid"] != "bob" {
				t.Fatal(f)
			}
			continue
		}
		if !answered {
			continue
		}
		if f["t"] == "snap" {
			if got := fmt.Sprint(f["docs"]); !strings.Contains(got, "owner:bob") || strings.Contains(got, "ann") {
				t.Fatalf("bob sees %s", got)
			}
			break
		}
		if f["t"] != "subbed" || f["resume"] != false {
			t.Fatalf("after the answer %v", f)
		}
	}
	v := s.put(t, "a", doc("ann", 99))
	c.send(fmt.Sprintf(`{"t":"sync","v":%q}`, v))
	c.want("commit", "v", v)
	c.send(`{"t":"auth","token":null}`) // sign-out
	c.want("auth", "uid", nil, "exp", nil)
	c.want("subbed", "id", 1, "resume", false)
	if f := c.want("snap"); len(f["docs"].([]any)) != 0 {
		t.Errorf("a guest sees %v", f)
	}
}

// TestS47RefreshedTokensKeepSubscriptions without a snapshot.
func TestS47RefreshedTokensKeepSubscriptions(t *testing.T) {
	s := startLive(t)
	ann := person("ann")
	s.passes.set("ann-2", &ann, s.now.Add(time.Hour))
	c := s.greet(t, "ann")
	c.show(1, mine)
	c.send(`{"t":"auth","token":"ann-2"}`)
	c.want("auth", "uid", "ann", "exp", float64(s.now.Add(time.Hour).Unix()))
	v := s.put(t, "a", doc("ann", 1))
	c.want("delta", "v", v)
	other := ann
	other.SessionID = "another"
	s.passes.set("ann-3", &other, s.now.Add(time.Hour))
	c.send(`{"t":"auth","token":"ann-3"}`) // another session is another principal
	c.want("auth")
	c.want("subbed", "resume", false)
	c.want("snap")
}

// TestS48ExpiredTokens deliver nothing; a new one in time resumes, else 4001.
func TestS48ExpiredTokens(t *testing.T) {
	s := startLive(t)
	ann := person("ann")
	s.passes.set("short", &ann, s.now.Add(5*time.Minute))
	s.passes.set("next", &ann, s.now.Add(10*time.Minute))
	c := s.greet(t, "short")
	c.show(1, mine)
	s.alarms.ring(t, 5*time.Minute)
	s.put(t, "a", doc("ann", 1))
	c.send(`{"t":"sub","id":2,"query":{"from":"pets"}}`)
	c.want("end", "id", 2, "code", "unauthenticated")
	c.send(`{"t":"auth","token":"next"}`)
	c.want("auth", "uid", "ann")
	c.want("subbed", "id", 1, "resume", false)
	if f := c.want("snap"); len(f["docs"].([]any)) != 1 {
		t.Fatal(f)
	}
	s.alarms.ring(t, 10*time.Minute)
	s.put(t, "a", doc("ann", 2))
	s.alarms.ring(t, time.Minute)
	c.want("error", "code", "unauthenticated")
	c.gone(4001)
}

// TestS48RevokedSessionsEnd at once, with what waits dropped.
func TestS48RevokedSessionsEnd(t *testing.T) {
	s := startLive(t)
	n := 0
	for name, change := range map[string]auth.Change{
		"the session": {UID: "ann", Session: "s-ann"}, "the user": {UID: "ann"}, "everybody": {All: true},
	} {
		ann := person("ann")
		s.passes.set("ann", &ann, time.Time{})
		c, other := s.greet(t, "ann"), s.greet(t, "bob")
		c.show(1, mine)
		s.passes.tell(auth.Change{UID: "ann", Session: "another"})
		s.passes.tell(auth.Change{UID: "bob"})
		n++
		v := s.put(t, "a", doc("ann", n))
		c.want("delta", "v", v)
		s.passes.set("ann", nil, time.Time{})
		s.passes.tell(change)
		if f := c.next(); f["t"] != "error" || f["code"] != "session_expired" {
			t.Fatalf("%s: %v", name, f)
		}
		c.gone(4001)
		other.send(`{"t":"ping","n":1}`)
		other.want("pong")
	}
	acting := person("ann")
	acting.Actor = "k2"
	s.passes.set("acting", &acting, time.Time{})
	c := s.greet(t, "acting")
	s.passes.tell(auth.Change{UID: "k1"})
	c.send(`{"t":"ping","n":1}`)
	c.want("pong")
	s.passes.set("acting", nil, time.Time{})
	s.passes.tell(auth.Change{UID: "k2"}) // the key that acts
	c.want("error", "code", "session_expired")
	c.gone(4001)
	c = s.greet(t, "key")
	s.passes.set("key", nil, time.Time{})
	s.passes.tell(auth.Change{UID: "k1"})
	c.want("error", "code", "session_expired")
	c.gone(4001)
}

// TestS48RevokedWhileSayingHello: a change that comes between the check of a
// token and its answer is not lost.
func TestS48RevokedWhileSayingHello(t *testing.T) {
	s := startLive(t)
	for _, first := range []string{`{"t":"hello","proto":1,"token":"ann"}`, `{"t":"auth","token":"ann"}`} {
		ann := person("ann")
		s.passes.set("ann", &ann, time.Time{})
		var c *caller
		if strings.Contains(first, "auth") {
			c = s.greet(t, "bob")
		} else {
			c = s.call(t)
		}
		s.passes.mu.Lock()
		s.passes.asked = func(token string) {
			s.passes.mu.Lock()
			s.passes.asked = nil
			s.passes.mu.Unlock()
			s.passes.set("ann", nil, time.Time{})
			s.passes.tell(auth.Change{UID: "ann"})
		}
		s.passes.mu.Unlock()
		c.send(first)
		for f := c.next(); f["t"] != "error"; f = c.next() {
			if f["t"] != "welcome" && f["t"] != "auth" {
				t.Fatal(f)
			}
		}
		c.gone(4001)
	}
}

// TestS48DoubtStopsDelivery: while the store does not answer nothing is sent.
func TestS48DoubtStopsDelivery(t *testing.T) {
	s := startLive(t)
	c := s.greet(t, "ann")
	c.show(1, mine)
	s.passes.fail(hutch.Errorf(hutch.Unavailable, "no store"))
	s.passes.tell(auth.Change{UID: "ann"})
	s.put(t, "a", doc("ann", 1))
	s.alarms.ring(t, time.Second)
	s.put(t, "a", doc("ann", 2))
	s.passes.fail(nil)
	s.alarms.ring(t, time.Second)
	for f := c.next(); f["t"] != "snap"; f = c.next() { // the first change may have been ahead of the news
		if strings.Contains(fmt.Sprint(f), "n:2") {
			t.Fatalf("sent in doubt: %v", f)
		}
	}
}

// TestS48RoleChangesBindAnew, and so do new rules.
func TestS48RoleChangesBindAnew(t *testing.T) {
	s := startLive(t)
	s.put(t, "b", doc("bob", 1))
	c := s.greet(t, "ann")
	if f := c.show(1, mine); len(f["docs"].([]any)) != 0 {
		t.Fatal(f)
	}
	mod := person("ann", "mod")
	s.passes.set("ann", &mod, time.Time{})
	s.passes.tell(auth.Change{UID: "ann"})
	c.want("subbed", "id", 1, "resume", false)
	if f := c.want("snap"); len(f["docs"].([]any)) != 1 {
		t.Fatal(f)
	}
	s.use(t, "v2", "false")
	s.live.Rebind()
	c.want("end", "id", 1, "code", "permission_denied")
	s.use(t, "v3", "true")
	s.live.Rebind()
	c.send(`{"t":"ping","n":1}`)
	c.want("pong")
	c.show(1, mine)
}
