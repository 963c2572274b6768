package e2e_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const profiledYAML = `name: profiled
auth: { profile: { collection: people, fields: { name: full_name, handle: user_name } } }
collections:
  people:
    schema: person.json
    access: { read: "true", update: resource._id == auth.uid }
    immutable: [name, handle]
    indexes: [{ fields: [handle], unique: true }]
functions:
  refuse: { handler: refuse.ts, trigger: { before: [create], collection: people } }
  make: { handler: make.ts, trigger: { call: {} }, auth: "true", admin: true }
`

const personJSON = `{"type":"object","additionalProperties":false,"properties":{
  "name":{"type":"string","minLength":2},"handle":{"type":"string"},"bio":{"type":"string"}}}`

// TestProfiles: by the real binary, over HTTP, with a live query and the command
// line.
func TestProfiles(t *testing.T) {
	s := app(t, "hutch.yaml", profiledYAML, "person.json", personJSON,
		"refuse.ts", `export default async ({ after }) => { if (!after.bio) throw new Error('nobody makes people') }`,
		"make.ts", `export default async ({ data }, ctx) => {
  const user = await ctx.auth.createUser(data.user)
  if (data.bio) ctx.admin.db.create('people', { _id: user.id, bio: data.bio, name: 'what the function says' })
  return user.id
}`)
	frames := s.listen(t, "", `{"t":"sub","id":1,"query":{"from":"people"}}`)
	sign := func(address, meta string) answer {
		return s.do("POST", "/auth/v1/signup", "", `{"email":"`+address+`","password":"`+password+`","data":`+meta+`}`)
	}
	a := sign("ann@example.test", `{"full_name":"Ann","user_name":"ann","more":1}`)
	var session struct {
		AccessToken string `json:"access_token"`
		User        struct{ ID string }
	}
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	a.into(&session)
	doc := "/data/v1/docs/people/" + session.User.ID
	shows := func(status int, parts ...string) {
		t.Helper()
		a := s.do("GET", doc, "", nil)
		for _, p := range parts {
			if !strings.Contains(a.body, p) {
				t.Errorf("no %s in %s", p, a.body)
			}
		}
		if a.status != status || strings.Contains(a.body, "more") {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	shows(200, `"name":"Ann"`, `"handle":"ann"`)

	for meta, field := range map[string]string{`{"full_name":"B"}`: "data.full_name", `{"full_name":7}`: "data.full_name", `{"user_name":"ann"}`: "data.user_name"} {
		if a := sign("bob@example.test", meta); a.status != 400 || a.code() != "validation_failed" || !strings.Contains(a.body, `"field":"`+field+`"`) {
			t.Errorf("%s: %d %s", meta, a.status, a.body)
		}
	}
	if a := s.do("PATCH", doc, session.AccessToken, `{"bio":"hello"}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := s.do("PATCH", doc, session.AccessToken, `{"name":"Boss"}`); a.status < 400 {
		t.Errorf("a copy was changed: %s", a.body)
	}
	if a := s.do("PUT", "/auth/v1/user", session.AccessToken, `{"data":{"full_name":"Anne"}}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	shows(200, `"name":"Anne"`, `"handle":"ann"`, `"bio":"hello"`)
	if a := s.do("PUT", "/auth/v1/user", session.AccessToken, `{"data":{"full_name":"A"}}`); a.code() != "validation_failed" || !strings.Contains(a.body, `"field":"data.full_name"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.do("DELETE", "/auth/v1/user", session.AccessToken, nil); a.status != 204 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	shows(404)
	seen := strings.Join(frames(2*time.Second), "\n")
	for _, part := range []string{`"name":"Ann"`, `"bio":"hello"`, `"name":"Anne"`, `"` + session.User.ID + `"`} {
		if !strings.Contains(seen, part) {
			t.Errorf("the live query does not show %s:\n%s", part, seen)
		}
	}

	t.Run("functions, in their own commit", func(t *testing.T) {
		make := func(user, bio string) answer {
			return s.do("POST", "/functions/v1/make", "", `{"user":`+user+`,"bio":"`+bio+`"}`)
		}
		a := make(`{"email":"f1@example.test","user_metadata":{"full_name":"Fay","user_name":"fay"}}`, "")
		b := make(`{"email":"f2@example.test","user_metadata":{"full_name":"Fey"}}`, "a friend")
		if a.status != 200 || b.status != 200 {
			t.Fatalf("%s %s", a.body, b.body)
		}
		list := s.do("GET", "/data/v1/docs/people", "", nil).body
		for _, part := range []string{`"handle":"fay"`, `"name":"Fay"`, `"name":"Fey"`, `"bio":"a friend"`} {
			if !strings.Contains(list, part) || strings.Count(list, `"_id"`) != 2 {
				t.Errorf("no %s in %s", part, list)
			}
		}
		for user, code := range map[string]string{
			`{"email":"f3@example.test","user_metadata":{"full_name":"F"}}`:   "invalid_argument",
			`{"email":"f3@example.test","user_metadata":{"user_name":"fay"}}`: "already_exists",
		} {
			if a := make(user, ""); a.code() != code {
				t.Errorf("%s: %d %s", user, a.status, a.body)
			}
		}
		if a := s.do("POST", "/auth/v1/token?grant_type=password", "", `{"email":"f3@example.test","password":"`+password+`"}`); a.code() != "invalid_credentials" {
			t.Errorf("%d %s", a.status, a.body)
		}
		for _, who := range []string{"f1@example.test", "f2@example.test"} {
			if out, err := exec.Command(s.bin, "user", "erase", who, s.dir).CombinedOutput(); err != nil {
				t.Errorf("%s %v", out, err)
			}
		}
		if list := s.do("GET", "/data/v1/docs/people", "", nil).body; strings.Contains(list, `"_id"`) {
			t.Errorf("left: %s", list)
		}
	})
	t.Run("the command line without a server", func(t *testing.T) {
		if a := sign("cid@example.test", `{"user_name":"cid"}`); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		s.stop()
		file := s.dir + "/../users.jsonl"
		text := `{"email":"dan@example.test","user_metadata":{"full_name":"Dan"}}
{"email":"x@example.test","user_metadata":{"full_name":"X"}}
{"email":"y@example.test","user_metadata":{"user_name":"cid"}}
`
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(s.bin, "user", "import", file, s.dir).CombinedOutput()
		for _, part := range []string{"line 2: data.full_name: must have at least 2 characters", "line 3: data.user_name: another account has this", "1 accounts made"} {
			if err == nil || !strings.Contains(string(out), part) {
				t.Errorf("no %q in %s (%v)", part, out, err)
			}
		}
		if out, err = exec.Command(s.bin, "user", "erase", "cid@example.test", s.dir).CombinedOutput(); err != nil {
			t.Errorf("%s %v", out, err)
		}
		s.start()
		a := s.do("GET", "/data/v1/docs/people", "", nil)
		if a.status != 200 || strings.Count(a.body, `"_id"`) != 1 || !strings.Contains(a.body, `"name":"Dan"`) {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := sign("eve@example.test", `{"user_name":"cid"}`); a.status != 200 {
			t.Errorf("the handle is not free: %d %s", a.status, a.body)
		}
	})
}
