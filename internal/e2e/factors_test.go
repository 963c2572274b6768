package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"
)

// ownNotes is an app whose rules show everybody what is theirs, and keepers all;
// its diaries are no question for guests.
const ownNotes = `name: notes
auth: { mfa: %s }
rules: { mine: "auth != null && resource.owner == auth.uid" }
collections:
  notes:
    access: { create: auth != null, read: "resource.shared == true || mine() || auth != null && 'keeper' in auth.roles" }
  diaries:
    access: { create: auth != null, read: mine() }
`

// account is somebody who can sign in again.
type account struct{ uid, address, token string }

func (s *shop) account() account {
	s.t.Helper()
	a := account{address: uuid.NewString() + "@example.test"}
	a.uid, a.token = s.session("/auth/v1/signup", map[string]string{"email": a.address, "password": password})
	return a
}

// signIn begins another session.
func (s *shop) signIn(a account) (token string) {
	s.t.Helper()
	_, token = s.session("/auth/v1/token?grant_type=password", map[string]string{"email": a.address, "password": password})
	return token
}

func (s *shop) session(path string, body any) (uid, token string) {
	s.t.Helper()
	r := s.do("POST", path, "", body)
	if r.status != 200 {
		s.t.Fatalf("%s: %d %s %v", path, r.status, r.body, r.err)
	}
	var in struct {
		AccessToken string `json:"access_token"`
		User        struct{ ID string }
	}
	r.into(&in)
	return in.User.ID, in.AccessToken
}

// authenticator is an app with a user's secret.
type authenticator struct {
	id, secret string
	used       int
}

func (s *shop) enroll(token, name string) *authenticator {
	s.t.Helper()
	r := s.do("POST", "/auth/v1/factors", token, map[string]string{"factor_type": "totp", "friendly_name": name})
	var f struct {
		ID   string
		TOTP struct{ Secret string }
	}
	if r.status != 200 {
		s.t.Fatalf("enrolling: %d %s", r.status, r.body)
	}
	r.into(&f)
	return &authenticator{id: f.ID, secret: f.TOTP.Secret}
}

// prove shows the factor in a session, with a code that was not used before.
func (s *shop) prove(token string, f *authenticator) {
	s.t.Helper()
	r := s.do("POST", "/auth/v1/factors/"+f.id+"/challenge", token, nil)
	var c struct{ ID string }
	r.into(&c)
	code, err := totp.GenerateCode(f.secret, time.Now().Add(time.Duration(f.used)*30*time.Second))
	if err != nil {
		s.t.Fatal(err)
	}
	f.used++
	if r = s.do("POST", "/auth/v1/factors/"+f.id+"/verify", token, map[string]string{"challenge_id": c.ID, "code": code}); r.status != 200 {
		s.t.Fatalf("the factor: %d %s", r.status, r.body)
	}
}

func (s *shop) note(collection, token, uid string) (id string) {
	s.t.Helper()
	id = uuid.NewString()
	if r := s.do("PUT", "/data/v1/docs/"+collection+"/"+id, token, map[string]string{"owner": uid}); r.status != 201 {
		s.t.Fatalf("a note: %d %s", r.status, r.body)
	}
	return id
}

// TestS35AGuestUntilTheSecondFactor: with a password alone the owner of a second
// factor is a guest, by HTTP and on open sockets, until the session proves it and
// again when what raised the session is gone.
func TestS35AGuestUntilTheSecondFactor(t *testing.T) {
	s := app(t, "hutch.yaml", fmt.Sprintf(ownNotes, "required"))
	ann := s.account()
	note := s.note("notes", ann.token, ann.uid)
	diary := s.note("diaries", ann.token, ann.uid)
	path := "/data/v1/docs/notes/" + note
	early := s.signIn(ann)
	before := s.view(t, early, "notes")
	s.eventually("a session shows its user's note", func() bool { return before.shows(note) })

	phone := s.enroll(ann.token, "phone")
	s.prove(ann.token, phone)
	s.eventually("the session of before is over", before.over)
	if r := s.do("GET", path, early, nil); r.status != 401 {
		t.Errorf("a session without the factor outlives its first: %d %s", r.status, r.body)
	}
	if r := s.do("GET", path, ann.token, nil); r.status != 200 {
		t.Errorf("with the factor: %d %s", r.status, r.body)
	}

	late := s.signIn(ann)
	open := s.view(t, late, "notes")
	asGuest := func(when string) {
		t.Helper()
		mine := map[string]string{"owner": ann.uid}
		for _, q := range []struct {
			method, path string
			body         any
		}{
			{"GET", path, nil},
			{"GET", "/data/v1/docs/diaries/" + diary, nil},
			{"POST", "/data/v1/query", map[string]string{"from": "notes"}},
			{"POST", "/data/v1/query", map[string]string{"from": "diaries"}},
			{"PUT", "/data/v1/docs/notes/" + uuid.NewString(), mine},
		} {
			got, want := s.do(q.method, q.path, late, q.body), s.do(q.method, q.path, "", q.body)
			if got.status != want.status || strip(got.body) != strip(want.body) {
				t.Errorf("%s: %s %s: %d %s, a guest gets %d %s", when, q.method, q.path, got.status, got.body, want.status, want.body)
			}
		}
		if r := s.do("GET", path, late, nil); r.status != 404 {
			t.Errorf("%s: %d %s", when, r.status, r.body)
		}
		s.eventually(when+": no rows on the socket", func() bool { return open.shows() })
		r := s.do("PUT", "/auth/v1/user", late, map[string]string{"password": "another one of theirs", "current_password": password})
		if r.status != 403 || r.code() != "insufficient_aal" {
			t.Errorf("%s: %d %s", when, r.status, r.body)
		}
	}
	asGuest("before the factor")
	key := s.enroll(ann.token, "key")
	s.prove(ann.token, key)
	s.prove(late, phone)
	s.eventually("the open socket shows the note with the factor", func() bool { return open.shows(note) })
	if r := s.do("GET", path, late, nil); r.status != 200 {
		t.Errorf("with the factor: %d %s", r.status, r.body)
	}
	strict := s.view(t, late, "diaries")
	s.eventually("the diary, too", func() bool { return strict.shows(diary) })
	if r := s.do("DELETE", "/auth/v1/factors/"+phone.id, ann.token, nil); r.status != 200 {
		t.Fatalf("removing a factor: %d %s", r.status, r.body)
	}
	s.eventually("a guest again by HTTP", func() bool { return s.do("GET", path, late, nil).status == 404 })
	s.eventually("and on the sockets", func() bool { return open.shows() && strict.shows() })
	asGuest("without the factor that raised it")
	s.prove(late, key)
	s.eventually("the other factor raises it", func() bool { return open.shows(note) })
}

// TestS35OptionalFactors: where the config says so a password will do for rules,
// and still not for the account.
func TestS35OptionalFactors(t *testing.T) {
	s := app(t, "hutch.yaml", fmt.Sprintf(ownNotes, "optional"))
	ann := s.account()
	note := s.note("notes", ann.token, ann.uid)
	s.prove(ann.token, s.enroll(ann.token, "phone"))
	late := s.signIn(ann)
	if r := s.do("GET", "/data/v1/docs/notes/"+note, late, nil); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	open := s.view(t, late, "notes")
	s.eventually("the socket shows the note", func() bool { return open.shows(note) })
	r := s.do("PUT", "/auth/v1/user", late, map[string]string{"password": "another one of theirs", "current_password": password})
	if r.status != 403 || r.code() != "insufficient_aal" {
		t.Errorf("%d %s", r.status, r.body)
	}
}
