package auth_test

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

const profileSchema = `{"type": "object", "additionalProperties": false, "properties": {
  "name": {"type": "string", "minLength": 2, "maxLength": 20},
  "handle": {"type": "string"},
  "tags": {"type": "array", "items": {"type": "string"}},
  "bio": {"type": "string"}
}}`

// profiled is a bench on a real store whose accounts have documents in profiles.
type profiled struct {
	*mailBench
	db    *data.Service
	idp   *idp
	colls []data.Collection
}

// eachStore runs f on both stores.
func eachStore(t *testing.T, f func(t *testing.T, b *profiled)) {
	for _, kind := range []string{"pebble", "mongo"} {
		t.Run(kind, func(t *testing.T) { f(t, profileSetup(t, kind)) })
	}
}

func profileSetup(t *testing.T, kind string, edit ...func(*auth.Options)) *profiled {
	t.Helper()
	var store data.Store
	var err error
	if kind == "mongo" {
		store, err = mongo.Open(t.Context(), mongo.Options{URL: mongotest.Database(t)})
	} else {
		store, err = pebble.Open(pebble.Options{Dir: t.TempDir(), Durability: pebble.Relaxed, FreeFloor: 1})
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &profiled{idp: &idp{}, db: data.New(data.Options{Store: store, CursorKey: make([]byte, 32), Entropy: rand.Reader})}
	t.Cleanup(func() {
		if err := p.db.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, name := range auth.Collections() {
		p.colls = append(p.colls, data.Collection{Name: name, Indexes: auth.Indexes()[name]})
	}
	p.colls = append(p.colls, jobs.Collections()...)
	p.schema(t, profileSchema)
	p.mailBench = mailSetup(t, append([]func(*auth.Options){func(o *auth.Options) {
		o.System, o.Erasures = p.db.System(append(auth.Collections(), "profiles", "_jobs", "_erasures")...), p.db
		o.Profile = &auth.Profile{Collection: "profiles", Fields: map[string]string{"name": "full_name", "handle": "user_name", "tags": "tags"}, Documents: p.db}
		o.Anonymous, o.Mail.Confirm = true, false
		o.Providers = auth.Providers{"corp": p.idp}
	}}, edit...)...)
	return p
}

// schema is what the profiles are from now on.
func (p *profiled) schema(t *testing.T, text string) {
	t.Helper()
	s, err := data.CompileSchema(fstest.MapFS{"p.json": {Data: []byte(text)}}, "p.json")
	if err != nil {
		t.Fatal(err)
	}
	profiles := data.Collection{Name: "profiles", Schema: s, Indexes: []data.Index{{Name: "handle", Fields: []data.Order{{Path: "handle"}}, Unique: true}}}
	if err := p.db.Use(t.Context(), data.App{Collections: append(slices.Clip(p.colls), profiles)}); err != nil {
		t.Fatal(err)
	}
}

// profile gives the app's fields of a profile; "" where there is none.
func (p *profiled) profile(id string) string {
	p.t.Helper()
	d, err := p.opts.System.Get(p.t.Context(), "profiles", id)
	if err != nil {
		p.t.Fatal(err)
	}
	if d == nil {
		return ""
	}
	js, err := bson.MarshalExtJSON(data.Without(d, "_id", "_version", "_createdAt", "_updatedAt"), false, false)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(js)
}

func (p *profiled) has(id, want string) {
	p.t.Helper()
	if got := p.profile(id); got != want {
		p.t.Errorf("the profile is %q, want %q", got, want)
	}
}

// as signs somebody up with user_metadata.
func (p *profiled) as(address, meta string) (*auth.Session, error) {
	p.t.Helper()
	r, err := auth.ParseSignup([]byte(`{"email":"` + address + `","password":"` + password + `","data":` + meta + `}`))
	if err != nil {
		return nil, err
	}
	return p.Signup(p.t.Context(), r, auth.Client{ServiceKey: true})
}

func (p *profiled) made(address, meta string) *auth.Session {
	p.t.Helper()
	s, err := p.as(address, meta)
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// edit is what the app does to a profile.
func (p *profiled) edit(id string, fields ...data.Elem) {
	p.t.Helper()
	w, ok := p.db.Patch("profiles", id, fields...)
	if !ok {
		p.t.Fatal("no collection")
	}
	if _, err := p.opts.System.Commit(p.t.Context(), &data.Batch{Writes: []data.Write{w}}); err != nil {
		p.t.Fatal(err)
	}
}

// mailed sends what waits and gives the newest mail.
func (p *profiled) mailed() auth.Mail {
	p.t.Helper()
	var ws []data.Write
	for d, err := range p.opts.System.Find(p.t.Context(), data.Query{From: "_jobs"}) {
		if err != nil {
			p.t.Fatal(err)
		}
		if err := p.SendMail(p.t.Context(), []byte(d.Lookup("payload").Document())); err != nil {
			p.t.Fatal(err)
		}
		ws = append(ws, data.Write{
			Collection: "_jobs", ID: data.Text(data.Field(d, "_id")), Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return nil, nil },
		})
	}
	if _, err := p.opts.System.Commit(p.t.Context(), &data.Batch{Writes: ws}); err != nil {
		p.t.Fatal(err)
	}
	p.post.mu.Lock()
	defer p.post.mu.Unlock()
	if len(p.post.got) == 0 {
		p.t.Fatal("no mail")
	}
	return p.post.got[len(p.post.got)-1]
}

// refusedFor says that err is of a key of user_metadata.
func refusedFor(t testing.TB, err error, field, part string) {
	t.Helper()
	if e := hutch.AsError(err); err == nil || e.Code != hutch.ValidationFailed || e.Field != field || !strings.Contains(e.Message, part) {
		t.Errorf("got %v (field %q), want validation_failed at %s: %s", err, hutch.AsError(err).Field, field, part)
	}
}
