package server_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// TestS35ASocketFollowsTheSecondFactor: with the token of a session that waits
// for it a socket is a guest's, until the session has it and when it falls back.
func TestS35ASocketFollowsTheSecondFactor(t *testing.T) {
	s := startLive(t)
	token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"ann","session_id":"s-ann"}`)) + ".c2ln"
	ann, guest := person("ann"), hutch.Principal{}.Sealed()
	s.put(t, "a", doc("ann", 1))
	s.passes.set(token, &guest, time.Time{})
	c := s.greet(t, token)
	c.send(`{"t":"sub","id":1,"query":{"from":"pets","where":{"owner":"ann"}}}`)
	c.want("subbed")
	if f := c.want("snap"); len(f["docs"].([]any)) != 0 {
		t.Fatalf("before the factor: %v", f)
	}
	s.passes.set(token, &ann, time.Time{})
	s.passes.tell(auth.Change{UID: "ann", Session: "another"})
	s.passes.tell(auth.Change{UID: "bob"})
	c.send(`{"t":"ping","n":1}`)
	c.want("pong")
	s.passes.tell(auth.Change{UID: "ann", Session: "s-ann"})
	c.want("subbed", "id", 1, "resume", false)
	if f := c.want("snap"); len(f["docs"].([]any)) != 1 {
		t.Fatalf("with the factor: %v", f)
	}
	s.passes.set(token, &guest, time.Time{})
	s.passes.tell(auth.Change{UID: "ann"})
	c.want("subbed", "id", 1, "resume", false)
	if f := c.want("snap"); len(f["docs"].([]any)) != 0 {
		t.Fatalf("without it again: %v", f)
	}
}
