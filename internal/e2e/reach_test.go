package e2e_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/internal/mongotest"
)

const (
	promised   = time.Second // from an act to its effect on every node
	reachTries = 5           // of which most must be in time
)

// TestS33ActsReachEveryNode: a ban, a change of roles or password and a
// revocation on one node reach HTTP and an open socket of another as promised.
func TestS33ActsReachEveryNode(t *testing.T) {
	ns := nodesOn(t, mongotest.Database(t), 2, func(t *testing.T) string {
		return folder(t, "hutch.yaml", fmt.Sprintf(ownNotes, "required"))
	})
	const gone, hidden, shown = 401, 404, 200
	here, there := ns.each[0], ns.each[1]
	key := here.key("--scope", "auth")
	stranger := here.account()
	others := here.note("notes", stranger.token, stranger.uid)

	// plain is what a change takes that has nothing to do with sign-in, by the same
	// way: what of it a busy machine takes is no delay of ours.
	witness, written := there.view(t, stranger.token, "diaries"), []string(nil)
	there.eventually("the witness looks", func() bool { return witness.shows() })
	plain := func() time.Duration {
		id := here.note("diaries", stranger.token, stranger.uid)
		begun := time.Now()
		there.eventually("it is felt by HTTP", func() bool { return there.do("GET", "/data/v1/docs/diaries/"+id, stranger.token, nil).status == shown })
		written = slices.Sorted(slices.Values(append(written, id)))
		there.eventually("and on the socket", func() bool { return witness.shows(written...) })
		return time.Since(begun)
	}

	edit := func(a account, body any) answer { return here.do("PUT", "/auth/v1/admin/users/"+a.uid, key, body) }
	roles := func(list ...string) func(account) answer {
		return func(a account) answer { return edit(a, map[string][]string{"roles": append([]string{}, list...)}) }
	}
	for _, c := range []struct {
		name        string
		keeper      bool // the user is one before
		act         func(account) answer
		then        int // what the token gets of another's note
		endsSockets bool
	}{
		{"a ban", false, func(a account) answer { return edit(a, map[string]string{"ban_duration": "24h"}) }, gone, true},
		{"a sign-out everywhere", false, func(a account) answer { return here.do("POST", "/auth/v1/logout", a.token, nil) }, gone, true},
		{"a new password", false, func(a account) answer {
			return here.do("PUT", "/auth/v1/user", a.token, map[string]string{"password": "another one of theirs"})
		}, gone, true},
		{"sessions ended by a key", false, func(a account) answer {
			return here.do("DELETE", "/auth/v1/admin/users/"+a.uid+"/sessions", key, nil)
		}, gone, true},
		{"an account erased", false, func(a account) answer { return here.do("DELETE", "/auth/v1/admin/users/"+a.uid, key, nil) }, gone, true},
		{"a role", false, roles("keeper"), shown, false},
		{"a role that is taken away", true, roles(), hidden, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			inTime, late := 0, []time.Duration(nil)
			for inTime <= reachTries/2 && len(late) <= reachTries/2 {
				a := here.account()
				if c.keeper {
					if r := roles("keeper")(a); r.status != 200 {
						t.Fatalf("%d %s", r.status, r.body)
					}
				}
				token := there.signIn(a)
				v := there.view(t, token, "notes")
				gets := func() int { return there.do("GET", "/data/v1/docs/notes/"+others, token, nil).status }
				sees := func(status int) bool {
					if status == shown {
						return v.shows(others)
					}
					return v.shows()
				}
				first := hidden
				if c.keeper {
					first = shown
				}
				there.eventually("the first look", func() bool { return gets() == first && sees(first) })
				if r := c.act(a); r.status/100 != 2 {
					t.Fatalf("%d %s", r.status, r.body)
				}
				begun := time.Now()
				there.eventually("it is felt by HTTP", func() bool { return gets() == c.then })
				there.eventually("and on the socket", func() bool { return c.endsSockets && v.over() || !c.endsSockets && sees(c.then) })
				took := time.Since(begun)
				if took > promised {
					took -= plain()
				}
				if took <= promised {
					inTime++
				} else {
					late = append(late, took)
				}
			}
			if len(late) > reachTries/2 {
				t.Errorf("%d of %d within %v, the others after %v more than any change takes", inTime, inTime+len(late), promised, late)
			}
		})
	}
}
