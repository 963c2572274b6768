package auth_test

import (
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

func TestProfileFollowsTheAccount(t *testing.T) {
	eachStore(t, func(t *testing.T, b *profiled) {
		s := b.made("ann@shop.example", `{"full_name":"Ann","user_name":"ann","tags":["a","b"],"cart":1}`)
		b.has(s.User.ID, `{"handle":"ann","name":"Ann","tags":["a","b"]}`)
		b.edit(s.User.ID, data.Elem{Name: "bio", Value: data.String("hi")})
		if _, err := b.put(1, s.AccessToken, `{"data":{"full_name":"Ann B","tags":null}}`); err != nil {
			t.Fatal(err)
		}
		b.has(s.User.ID, `{"handle":"ann","name":"Ann B","bio":"hi"}`)

		t.Run("what it does not copy leaves it alone", func(t *testing.T) {
			before, _ := b.opts.System.Get(t.Context(), "profiles", s.User.ID)
			if _, err := b.put(1, s.AccessToken, `{"data":{"cart":2}}`); err != nil {
				t.Fatal(err)
			}
			b.signinOK("ann@shop.example")
			after, _ := b.opts.System.Get(t.Context(), "profiles", s.User.ID)
			if string(before) != string(after) {
				t.Errorf("%s became %s", before, after)
			}
		})
		t.Run("a profile that was taken away comes back with a change", func(t *testing.T) {
			if _, err := b.opts.System.Commit(t.Context(), &data.Batch{Writes: []data.Write{{
				Collection: "profiles", ID: s.User.ID, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return nil, nil },
			}}}); err != nil {
				t.Fatal(err)
			}
			b.signinOK("ann@shop.example")
			b.has(s.User.ID, "")
			if _, err := b.put(1, s.AccessToken, `{"data":{"full_name":"Ann C"}}`); err != nil {
				t.Fatal(err)
			}
			b.has(s.User.ID, `{"handle":"ann","name":"Ann C"}`)
		})
		t.Run("the schema holds, by name of the key", func(t *testing.T) {
			_, err := b.as("bob@shop.example", `{"full_name":"B"}`)
			refusedFor(t, err, "data.full_name", "at least 2 characters")
			_, err = b.as("bob@shop.example", `{"full_name":7}`)
			refusedFor(t, err, "data.full_name", "must be")
			_, err = b.as("bob@shop.example", `{"tags":["x",7]}`)
			refusedFor(t, err, "data.tags[1]", "must be")
			_, err = b.as("bob@shop.example", `{"full_name":{"$date":"2026-01-02T03:04:05.678Z"}}`)
			refusedFor(t, err, "data.full_name", "must be")
			_, err = b.put(1, s.AccessToken, `{"data":{"full_name":"`+strings.Repeat("x", 21)+`"}}`)
			refusedFor(t, err, "data.full_name", "at most 20 characters")
			b.has(s.User.ID, `{"handle":"ann","name":"Ann C"}`)
			if u, err := b.User(t.Context(), bearer(s.AccessToken)); err != nil || !strings.Contains(string(u.UserMetadata), "Ann C") {
				t.Errorf("%s %v", u.UserMetadata, err)
			}
			b.has(b.made("bob@shop.example", `{}`).User.ID, `{}`) // none of the refusals made an account
		})
		t.Run("a unique index holds and is no race to run again", func(t *testing.T) {
			_, err := b.as("cid@shop.example", `{"user_name":"ann"}`)
			refusedFor(t, err, "data.user_name", "another account")
			bob := b.signinOK("bob@shop.example")
			_, err = b.put(2, bob.AccessToken, `{"data":{"user_name":"ann"}}`)
			refusedFor(t, err, "data.user_name", "another account")
			b.has(bob.User.ID, `{}`)
		})
		t.Run("erasing takes it along, with the mark", func(t *testing.T) {
			if err := b.EraseSelf(t.Context(), bearer(s.AccessToken)); err != nil {
				t.Fatal(err)
			}
			b.has(s.User.ID, "")
			if mark, err := b.opts.System.Get(t.Context(), "_erasures", s.User.ID); err != nil || mark == nil {
				t.Errorf("no mark: %v", err)
			}
			b.made("dan@shop.example", `{"user_name":"ann"}`) // the value is free again
		})
	})
}

func TestProfileOfEachWayToAnAccount(t *testing.T) {
	eachStore(t, func(t *testing.T, b *profiled) {
		key := bearer(b.keyOf("auth"))
		t.Run("admin", func(t *testing.T) {
			_, err := b.AddUser(t.Context(), key, []byte(`{"email":"a@shop.example","user_metadata":{"full_name":"A"}}`))
			refusedFor(t, err, "data.full_name", "at least 2")
			u, err := b.AddUser(t.Context(), key, []byte(`{"email":"a@shop.example","user_metadata":{"full_name":"Al"}}`))
			if err != nil {
				t.Fatal(err)
			}
			b.has(u.ID, `{"name":"Al"}`)
			_, err = b.EditUser(t.Context(), key, u.ID, []byte(`{"user_metadata":{"full_name":"A"}}`))
			refusedFor(t, err, "data.full_name", "at least 2")
			if _, err = b.EditUser(t.Context(), key, u.ID, []byte(`{"user_metadata":{"full_name":"Alf"}}`)); err != nil {
				t.Fatal(err)
			}
			b.has(u.ID, `{"name":"Alf"}`)
			if err := b.RemoveUser(t.Context(), key, u.ID, nil); err != nil {
				t.Fatal(err)
			}
			b.has(u.ID, "")
		})
		t.Run("command line", func(t *testing.T) {
			u, _, err := b.CreateUser(t.Context(), "cli@shop.example", password, nil)
			if err != nil {
				t.Fatal(err)
			}
			b.has(u.ID, `{}`)
			if _, err := b.EraseUser(t.Context(), "cli@shop.example"); err != nil {
				t.Fatal(err)
			}
			b.has(u.ID, "")
		})
		t.Run("import", func(t *testing.T) {
			out := b.imported(auth.ImportOptions{},
				`{"id":"0199a3c8-5c1e-7b21-9d1c-0a4c1f2a7e11","email":"i1@shop.example","user_metadata":{"full_name":"Ina","user_name":"ina"}}`,
				`{"email":"i2@shop.example","user_metadata":{"full_name":"I"}}`,
				`{"email":"i3@shop.example","user_metadata":{"user_name":"ina"}}`)
			if out.Made != 1 || len(out.Refused) != 2 {
				t.Fatalf("%+v", out)
			}
			b.has("0199a3c8-5c1e-7b21-9d1c-0a4c1f2a7e11", `{"handle":"ina","name":"Ina"}`)
		})
		t.Run("provider", func(t *testing.T) {
			b.idp.who = someone("p1", "p1@shop.example", true)
			s, err := b.elsewhere()
			if err != nil {
				t.Fatal(err)
			}
			b.has(s.User.ID, `{"name":"Ann Other"}`)
		})
		t.Run("function", func(t *testing.T) {
			m := b.Manage(new(auth.ManagedCall), 0)
			_, err := m.Create(t.Context(), []byte(`{"email":"f@shop.example","user_metadata":{"full_name":"F"}}`))
			refusedFor(t, err, "data.full_name", "at least 2")
			u, err := m.Create(t.Context(), []byte(`{"email":"f@shop.example","user_metadata":{"full_name":"Fay"}}`))
			if err != nil {
				t.Fatal(err)
			}
			ws, _, err := m.Writes()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.opts.System.Commit(t.Context(), &data.Batch{Writes: ws}); err != nil {
				t.Fatal(err)
			}
			b.has(u.ID, `{"name":"Fay"}`)
		})
	})
}

// TestProfileWaitsForTheAccount: none before somebody can sign in by a way of
// their own.
func TestProfileWaitsForTheAccount(t *testing.T) {
	eachStore(t, func(t *testing.T, b *profiled) {
		t.Run("anonymous users", func(t *testing.T) {
			r, err := auth.ParseSignup([]byte(`{"data":{"full_name":"N"}}`)) // too short
			if err != nil {
				t.Fatal(err)
			}
			s, err := b.Signup(t.Context(), r, auth.Client{ServiceKey: true})
			if err != nil {
				t.Fatal(err)
			}
			b.has(s.User.ID, "")
			b.edit(s.User.ID, data.Elem{Name: "bio", Value: data.String("mine")})
			if _, err := b.put(1, s.AccessToken, `{"email":"nob@shop.example"}`); err != nil {
				t.Fatal(err)
			}
			code := b.mailed().Code
			_, err = b.code(1, "email_change", "nob@shop.example", code)
			refusedFor(t, err, "data.full_name", "at least 2")
			if _, err := b.put(1, s.AccessToken, `{"data":{"full_name":"Nob"}}`); err != nil {
				t.Fatal(err)
			}
			b.has(s.User.ID, `{"bio":"mine"}`)
			n, err := b.code(1, "email_change", "nob@shop.example", code)
			if err != nil || n.User.ID != s.User.ID {
				t.Fatal(err)
			}
			b.has(s.User.ID, `{"bio":"mine","name":"Nob"}`)
		})
		t.Run("invitations", func(t *testing.T) {
			_, err := b.Invite(t.Context(), "inv@shop.example", map[string]json.RawMessage{"full_name": []byte(`"I"`)}, "")
			refusedFor(t, err, "data.full_name", "at least 2")
			u, err := b.Invite(t.Context(), "inv@shop.example", map[string]json.RawMessage{"full_name": []byte(`"Ina"`)}, "")
			if err != nil {
				t.Fatal(err)
			}
			b.has(u.ID, "")
			if _, err := b.code(1, "invite", "inv@shop.example", b.mailed().Code); err != nil {
				t.Fatal(err)
			}
			b.has(u.ID, `{"name":"Ina"}`)
		})
		t.Run("magic links", func(t *testing.T) {
			if err := b.otp(1, `{"email":"otp@shop.example","create_user":true,"data":{"full_name":"Otto"}}`); err != nil {
				t.Fatal(err)
			}
			s, err := b.code(1, "email", "otp@shop.example", b.mailed().Code)
			if err != nil {
				t.Fatal(err)
			}
			b.has(s.User.ID, `{"name":"Otto"}`)
		})
	})
}

// TestS74ProfilesDoNotTellAddresses: with confirmation by mail, what the schema
// refuses is refused for taken addresses too.
func TestS74ProfilesDoNotTellAddresses(t *testing.T) {
	b := profileSetup(t, "pebble", func(o *auth.Options) { o.Mail.Confirm = true })
	u := b.signupAs(1, "ann@shop.example", password, `,"data":{"full_name":"Ann","user_name":"ann"}`)
	b.has(u.ID, "")
	s, err := b.code(1, "signup", "ann@shop.example", b.mailed().Code)
	if err != nil {
		t.Fatal(err)
	}
	b.has(s.User.ID, `{"handle":"ann","name":"Ann"}`)
	for _, address := range []string{"ann@shop.example", "new@shop.example"} {
		_, err := b.as(address, `{"full_name":"A"}`)
		refusedFor(t, err, "data.full_name", "at least 2")
		if _, err := b.as(address, `{"user_name":"ann"}`); err != nil { // taken, which is told to who proves an address
			t.Errorf("%s: %v", address, err)
		}
		if address == "new@shop.example" {
			l := linkOf(t, b.mailed())
			l.Password = password
			for range 2 { // the link stays good
				_, err := b.Follow(t.Context(), l, here(1))
				refusedFor(t, err, "data.user_name", "another account")
			}
		}
		if err := b.otp(1, `{"email":"`+address+`","create_user":true,"data":{"full_name":"A"}}`); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestParallelSignUpsWithOneHandle(t *testing.T) {
	eachStore(t, func(t *testing.T, b *profiled) {
		var won, lost atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				_, err := b.as(string(rune('a'+i))+"@shop.example", `{"user_name":"one"}`)
				if err == nil {
					won.Add(1)
					return
				}
				refusedFor(t, err, "data.user_name", "another account")
				lost.Add(1)
			})
		}
		wg.Wait()
		n := 0
		for _, err := range b.opts.System.Find(t.Context(), data.Query{From: "_users"}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if won.Load() != 1 || lost.Load() != 19 || n != 1 {
			t.Errorf("%d made, %d refused, %d accounts", won.Load(), lost.Load(), n)
		}
	})
}

func TestProfileUnderAnotherSchema(t *testing.T) {
	b := profileSetup(t, "pebble")
	s := b.made("ann@shop.example", `{"full_name":"Ann"}`)
	b.schema(t, `{"type":"object","required":["name","bio"],"properties":{"name":{"maxLength":3},"bio":{"type":"string"}}}`)
	b.signinOK("ann@shop.example") // who has an account gets in
	_, err := b.put(1, s.AccessToken, `{"data":{"full_name":"Bea"}}`)
	refusedFor(t, err, "data", "bio is required")
	_, err = b.as("bob@shop.example", `{}`)
	refusedFor(t, err, "data.full_name", "is required")
	if _, err := b.EraseUser(t.Context(), s.User.ID); err != nil {
		t.Error(err)
	}
	b.has(s.User.ID, "")
	if err := b.db.Use(t.Context(), data.App{Collections: b.colls}); err != nil {
		t.Fatal(err)
	}
	b.made("bob@shop.example", `{"full_name":"B"}`) // a reload that drops the collection keeps nobody out
}

// TestS61SweptAccountsLoseTheirProfile: what the app kept under the id of an
// anonymous user goes with it.
func TestS61SweptAccountsLoseTheirProfile(t *testing.T) {
	b := profileSetup(t, "pebble")
	r, err := auth.ParseSignup([]byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.Signup(t.Context(), r, auth.Client{ServiceKey: true})
	if err != nil {
		t.Fatal(err)
	}
	b.edit(s.User.ID, data.Elem{Name: "bio", Value: data.String("mine")})
	b.clock.add(31 * 24 * time.Hour)
	if err := b.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.UserByID(t.Context(), bearer(b.keyOf("auth")), s.User.ID); hutch.CodeOf(err) != hutch.UserNotFound {
		t.Fatal(err)
	}
	b.has(s.User.ID, "")
}
