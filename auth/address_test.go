package auth_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

const fromCorp = `{"email":"ann@shop.example","identities":[{"provider":"corp","issuer":"https://id.example","subject":"c1","email":"ann@shop.example"}]}`

// imports makes the account of fromCorp and gives its id.
func (b *bench) imports() (id string) {
	b.t.Helper()
	if r := b.imported(auth.ImportOptions{}, fromCorp); r.Made != 1 {
		b.t.Fatalf("%+v", r)
	}
	for id = range b.store.docs["_users"] {
	}
	return id
}

// names gives an account an address that it has not claimed, as earlier imports
// did, with more.
func (b *bench) names(id, address string, more bson.M) {
	b.t.Helper()
	err := b.edit("_users", id, func(m bson.M) bson.M {
		m["email"], m["emailKey"] = address, address
		maps.Copy(m, more)
		return m
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// TestS92AnAddressThatAProviderNamesIsNotClaimed: an import does not give it to
// the account, so that its owner signs up and nothing of the other ends it.
func TestS92AnAddressThatAProviderNamesIsNotClaimed(t *testing.T) {
	b := adminSetup(t)
	id := b.imports()
	if u, err := b.UserByID(t.Context(), b.key, id); err != nil || u.Email != "" || u.Identities[0].Email != "ann@shop.example" {
		t.Fatalf("%+v %v", u, err)
	}
	ann := b.signup("ann@shop.example")
	if _, err := b.change(id, `{"email":"other@shop.example"}`); err != nil {
		t.Fatal(err)
	}
	if s := b.signinOK("ann@shop.example"); s.User.ID != ann.User.ID {
		t.Errorf("%+v", s.User)
	}
}

// TestS92AnImportedAccountClaimsTheAddressThatItProves: there are never two
// accounts of one address.
func TestS92AnImportedAccountClaimsTheAddressThatItProves(t *testing.T) {
	t.Run("taken", func(t *testing.T) {
		b, p := abroad(t)
		id := b.imports()
		ann := b.signup("ann@shop.example")
		p.who = someone("c1", "ann@shop.example", true)
		s, err := b.elsewhere()
		if err != nil || s.User.ID != id || s.User.Email != "" {
			t.Fatalf("%+v %v", s, err)
		}
		if s := b.signinOK("ann@shop.example"); s.User.ID != ann.User.ID {
			t.Errorf("%+v", s.User)
		}
	})
	t.Run("free", func(t *testing.T) {
		b, p := abroad(t)
		id := b.imports()
		p.who = someone("c1", "ann@shop.example", true)
		s, err := b.elsewhere()
		if err != nil || s.User.ID != id || s.User.Email != "ann@shop.example" || s.User.EmailConfirmedAt == "" {
			t.Fatalf("%+v %v", s, err)
		}
		r, err := auth.ParseSignup([]byte(`{"email":"ann@shop.example","password":"` + password + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Signup(t.Context(), r, here(2))
		wantCode(t, err, hutch.UserAlreadyExists)
	})
}

// TestS39AnAddressIsReleasedByItsOwner: an account that names another's address
// takes it from nobody when it goes, whatever the way.
func TestS39AnAddressIsReleasedByItsOwner(t *testing.T) {
	const anns = "ann@shop.example"
	for name, leave := range map[string]func(t *testing.T, b *mailBench, s *auth.Session){
		"by an administrator": func(t *testing.T, b *mailBench, s *auth.Session) {
			b.names(s.User.ID, anns, nil)
			_, err := b.EditUser(t.Context(), bearer(b.keyOf("auth")), s.User.ID, []byte(`{"email":"other@shop.example"}`))
			if err != nil {
				t.Fatal(err)
			}
		},
		"by mail": func(t *testing.T, b *mailBench, s *auth.Session) {
			b.names(s.User.ID, anns, bson.M{"emailConfirmedAt": b.clock.Now()})
			b.changed(s)
		},
		"by its end": func(t *testing.T, b *mailBench, s *auth.Session) {
			b.names(s.User.ID, anns, nil)
			if err := b.EraseSelf(t.Context(), bearer(s.AccessToken)); err != nil {
				t.Fatal(err)
			}
		},
		"by the sweep": func(t *testing.T, b *mailBench, s *auth.Session) {
			b.names(s.User.ID, anns, bson.M{"pending": true, "waits": "018f0000-0000-7000-8000-000000000001"})
			b.unusedFor(100 * 24 * time.Hour)
			if n := b.store.count("_users"); n != 1 {
				t.Fatalf("%d users", n)
			}
		},
		"by unlinking": func(t *testing.T, b *mailBench, s *auth.Session) {
			b.names(s.User.ID, anns, bson.M{"identityId": "018f0000-0000-7000-8000-000000000002"})
			if err := b.Unlink(t.Context(), bearer(s.AccessToken), "018f0000-0000-7000-8000-000000000002"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &idp{who: someone("c1", "", false)}
			b := mailSetup(t, func(o *auth.Options) { o.Providers = auth.Providers{"corp": p} })
			ann := b.confirmed(1, anns)
			if r := b.imported(auth.ImportOptions{}, fromCorp); r.Made != 1 {
				t.Fatalf("%+v", r)
			}
			s, err := b.idToken("a.b.c")
			if err != nil || s.User.ID == ann.User.ID {
				t.Fatalf("%+v %v", s, err)
			}
			leave(t, b, s)
			if in, err := b.signIn(1, anns, password); err != nil || in.User.ID != ann.User.ID {
				t.Errorf("its owner: %v", err)
			}
		})
	}
}

// TestS61SweptAccountsLeaveNothing: they end as erased ones do, so that a
// restored backup erases them again; their marks have what else there is of them
// looked for once for many.
func TestS61SweptAccountsLeaveNothing(t *testing.T) {
	e := &erasures{}
	b := setup(t, withAnonymous, func(o *auth.Options) { o.Erasures = e })
	s := b.anonymous()
	b.unusedFor(100 * 24 * time.Hour)
	if _, marked := b.store.docs["_erasures"][s.User.ID]; !marked || b.store.count("_users") != 0 || b.store.count("_erasures") != 1 {
		t.Errorf("%d users, %d marks, of the account: %v", b.store.count("_users"), b.store.count("_erasures"), marked)
	}
	if len(e.of) != 0 {
		t.Errorf("looked for one by one: %v", e.of)
	}
}

// erasures notes who is erased.
type erasures struct{ of, also []string }

func (*erasures) Erasure(id string, _ time.Time, _ ...string) data.Write {
	return data.Write{Collection: "_erasures", ID: id, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) {
		return data.NewDoc(data.Elem{Name: data.FieldID, Value: data.String(id)}), nil
	}}
}

func (e *erasures) Erase(_ context.Context, id string, also ...string) error {
	e.of, e.also = append(e.of, id), append(e.also, also...)
	return nil
}

// TestS61NoLinkIsMailedToTheErased: what waits to be sent of an account that is
// gone is done, but for notices; no row of a job shows who it was.
func TestS61NoLinkIsMailedToTheErased(t *testing.T) {
	e := new(erasures)
	b := mailSetup(t, func(o *auth.Options) { o.Erasures = e })
	s := b.confirmed(1, "ann@shop.example")
	b.recover(1, "ann@shop.example")
	if _, err := b.put(1, s.AccessToken, `{"password":"a password that is new"}`); err != nil {
		t.Fatal(err)
	}
	if err := b.EraseSelf(t.Context(), bearer(s.AccessToken)); err != nil {
		t.Fatal(err)
	}
	if n := b.store.count("_jobs"); n != 2 {
		t.Fatalf("%d jobs wait", n)
	}
	for id, d := range b.store.docs["_jobs"] { // a letter that dies is the person's
		if about := d.Lookup("about").StringValue(); !slices.Contains(e.also, about) {
			t.Errorf("%s is about %s, erased are %v", id, about, e.also)
		}
	}
	if all := b.store.all(); strings.Contains(all, "ann@shop") {
		t.Errorf("the store shows the address: %s", all)
	}
	b.mail(auth.MailPassword, "ann@shop.example")
}
