package auth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

func lines(texts ...string) (out []auth.ImportLine) {
	for i, t := range texts {
		out = append(out, auth.ImportLine{Line: i + 1, User: json.RawMessage(t)})
	}
	return out
}

func (b *bench) imported(o auth.ImportOptions, texts ...string) *auth.Imported {
	b.t.Helper()
	r, err := b.Import(b.t.Context(), lines(texts...), o)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *bench) exported(hashes bool) string {
	b.t.Helper()
	var all strings.Builder
	for after := ""; ; {
		page, next, err := b.Export(b.t.Context(), after, hashes)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, l := range page {
			fmt.Fprintf(&all, "%s\n", l)
		}
		if after = next; after == "" {
			return all.String()
		}
	}
}

// passwordOf is what is stored for an account.
func (b *bench) passwordOf(id string) string {
	b.t.Helper()
	d, err := b.opts.System.Get(b.t.Context(), "_users", id)
	if err != nil {
		b.t.Fatal(err)
	}
	return data.Text(data.Field(d, "password"))
}

// TestS41ImportedHashesAreUpgradedAtSignIn: each program's hash lets its owner
// in, and is one of today's parameters from then on.
func TestS41ImportedHashesAreUpgradedAtSignIn(t *testing.T) {
	b := setup(t)
	for i, v := range vectors {
		if strings.ContainsRune(v.password, '\xa3') { // no text, so nobody can type it
			continue
		}
		address := fmt.Sprintf("u%d@shop.example", i)
		line, err := json.Marshal(map[string]string{"email": address, "password_hash": v.hash})
		if err != nil {
			t.Fatal(err)
		}
		if r := b.imported(auth.ImportOptions{}, string(line)); r.Made != 1 {
			t.Fatalf("%s: %+v", v.from, r)
		}
		if code := b.try(address, v.password+"x", here(1)); code != "invalid_credentials" {
			t.Errorf("%s: a wrong password: %s", v.from, code)
		}
		for range 2 {
			s, err := b.signin(address, v.password, here(1))
			if err != nil {
				t.Fatalf("%s: %v", v.from, err)
			}
			if p := b.passwordOf(s.User.ID); !strings.HasPrefix(p, "$argon2id$v=19$m=8,t=1,p=1$") {
				t.Errorf("%s: stored after a sign-in: %s", v.from, p)
			}
		}
	}
}

func TestS92ImportedAddressesAndRolesAreNotTrusted(t *testing.T) {
	const line = `{"id":"018f0000-0000-7000-8000-000000000001","email":"ann@shop.example","email_confirmed_at":"2020-01-01T00:00:00Z",
		"roles":["keeper"],"app_metadata":{"plan":"pro"},"user_metadata":{"name":"Ann"},"created_at":"2019-01-01T00:00:00Z",
		"identities":[{"provider":"google","issuer":"https://accounts.google.com","subject":"1","email":"ann@shop.example","email_verified":true}]}`
	for _, tt := range []struct {
		o         auth.ImportOptions
		confirmed string
		app       string
	}{
		{auth.ImportOptions{}, "", `{"provider":"google","providers":["google"],"roles":[]}`},
		{auth.ImportOptions{Verified: true}, "2020-01-01T00:00:00.000Z", `{"provider":"google","providers":["google"],"roles":[]}`},
		{auth.ImportOptions{Roles: true}, "", `{"plan":"pro","provider":"google","providers":["google"],"roles":["keeper"]}`},
	} {
		b := adminSetup(t)
		if r := b.imported(tt.o, line); r.Made != 1 {
			t.Fatalf("%+v", r)
		}
		u, err := b.UserByID(t.Context(), b.key, "018f0000-0000-7000-8000-000000000001")
		if err != nil {
			t.Fatal(err)
		}
		if u.EmailConfirmedAt != tt.confirmed || string(u.AppMetadata) != tt.app || u.CreatedAt != "2019-01-01T00:00:00.000Z" || string(u.UserMetadata) != `{"name":"Ann"}` {
			t.Errorf("%+v: %+v %s", tt.o, u, u.AppMetadata)
		}
		if got := u.Identities[0].IdentityData["email_verified"]; got != tt.o.Verified {
			t.Errorf("%+v: the identity's address counts as verified: %v", tt.o, got)
		}
	}
}

// TestS41ImportedHashesOverTheBoundsNameTheirLine: nothing is written of such a
// line, and the others go in.
func TestS41ImportedHashesOverTheBoundsNameTheirLine(t *testing.T) {
	b := setup(t)
	r := b.imported(auth.ImportOptions{},
		`{"email":"ann@shop.example"}`,
		`{"email":"bob@shop.example","password_hash":"$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}`,
		`{"email":"cid@shop.example","password_hash":"$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"}`,
		`{"email":"not an address"}`, `{"id":"1","email":"dan@shop.example"}`, `{"email":"ann@shop.example"}`, `{"email":"eve@shop.example","email":"x@shop.example"}`,
		`[]`, `{}`, `{"email":7}`, `{"email":"fay@shop.example","created_at":"yesterday"}`, `{"email":"gus@shop.example","user_metadata":[]}`,
		`{"email":"hal@shop.example","identities":[{"provider":"google"}]}`,
	)
	want := map[int]string{
		2: "password_hash: bcrypt goes to cost 14", 3: "password_hash: argon2id goes to 256 MiB, time 10 and 8 lanes", 4: "email: ", 5: "id: ",
		7: "not a JSON object", 8: "not a JSON object", 9: "email: ", 10: "not an account", 11: "created_at: ", 12: "user_metadata: ", 13: "identities: ",
	}
	if r.Made != 1 || len(r.Taken) != 1 || r.Taken[0] != (auth.ImportNote{Line: 6, Message: "ann@shop.example"}) || len(r.Refused) != len(want) {
		t.Fatalf("%+v", r)
	}
	for _, n := range r.Refused {
		if w, ok := want[n.Line]; !ok || !strings.HasPrefix(n.Message, w) {
			t.Errorf("line %d: %s", n.Line, n.Message)
		}
	}
	if users, ids := b.store.count("_users"), b.store.count("_identities"); users != 1 || ids != 1 {
		t.Errorf("%d users, %d identities", users, ids)
	}
}

func TestS92ImportsMayRunAgain(t *testing.T) {
	b := setup(t)
	var file []string
	for i := range 250 {
		file = append(file, fmt.Sprintf(`{"email":"u%d@shop.example","user_metadata":{"n":%d}}`, i, i))
	}
	if r := b.imported(auth.ImportOptions{}, file[:120]...); r.Made != 120 {
		t.Fatalf("%+v", r)
	}
	s := b.signup("ann@shop.example")
	before := b.passwordOf(s.User.ID)
	file = append(file, `{"email":"ANN@shop.example","password_hash":"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW","roles":["keeper"]}`)
	if r := b.imported(auth.ImportOptions{Roles: true}, file...); r.Made != 130 || len(r.Taken) != 121 || len(r.Refused) != 0 {
		t.Fatalf("made %d, taken %d, refused %v", r.Made, len(r.Taken), r.Refused)
	}
	if b.passwordOf(s.User.ID) != before || b.store.count("_users") != 251 {
		t.Error("what was there has changed")
	}
	// Another's id is not taken over, whatever the address.
	r := b.imported(auth.ImportOptions{}, fmt.Sprintf(`{"id":%q,"email":"eve@shop.example"}`, s.User.ID))
	if r.Made != 0 || len(r.Refused) != 1 || b.store.count("_identities") != 251 {
		t.Errorf("%+v", r)
	}
}

// reads counts what is read and written of accounts and of the audit; the sweep
// goes on beside it.
type reads struct {
	data.System
	gets, commits atomic.Int32
}

var ofImports = []string{"_users", "_identities", "_audit"}

func (r *reads) Get(ctx context.Context, coll, id string) (data.Doc, error) {
	if slices.Contains(ofImports, coll) {
		r.gets.Add(1)
	}
	return r.System.Get(ctx, coll, id)
}

func (r *reads) Commit(ctx context.Context, b *data.Batch) (data.Result, error) {
	if slices.ContainsFunc(b.Writes, func(w data.Write) bool { return slices.Contains(ofImports, w.Collection) }) {
		r.commits.Add(1)
	}
	return r.System.Commit(ctx, b)
}

// since gives both counts, and begins anew.
func (r *reads) since() (gets, commits int32) { return r.gets.Swap(0), r.commits.Swap(0) }

// TestImportAsksOnlyWhenItMust: accounts that are all new are written without a
// look, and those between others that are there go in as few commits.
func TestImportAsksOnlyWhenItMust(t *testing.T) {
	r := new(reads)
	b := setup(t, func(o *auth.Options) { r.System, o.System = o.System, r })
	file := func(step int) (out []string) {
		for i := 0; i < 600; i += step {
			out = append(out, fmt.Sprintf(`{"email":"u%d@shop.example"}`, i))
		}
		return out
	}
	r.since()
	got := b.imported(auth.ImportOptions{}, file(2)...)
	if gets, commits := r.since(); got.Made != 300 || gets != 0 || commits != 3 {
		t.Errorf("made %d with %d reads, %d commits", got.Made, gets, commits)
	}
	got = b.imported(auth.ImportOptions{}, file(1)...)
	if _, commits := r.since(); got.Made != 300 || len(got.Taken) != 300 || len(got.Refused) != 0 || commits > 5 {
		t.Errorf("made %d, taken %d, refused %v, with %d commits", got.Made, len(got.Taken), got.Refused, commits)
	}
	for i, n := range got.Taken {
		if n.Line != 2*i+1 {
			t.Fatalf("line %d is the %dth that is taken", n.Line, i+1)
		}
	}
	got = b.imported(auth.ImportOptions{}, file(1)...)
	if _, commits := r.since(); got.Made != 0 || len(got.Taken) != 600 || commits != 1 {
		t.Errorf("made %d, taken %d, with %d commits", got.Made, len(got.Taken), commits)
	}
}

// TestS92ExportAndImportAreARoundTrip: what one server writes another reads into
// the same, byte by byte.
func TestS92ExportAndImportAreARoundTrip(t *testing.T) {
	b := adminSetup(t)
	s := b.signup("ann@shop.example")
	b.add(`{"email":"bob@shop.example","email_confirm":true,"roles":["keeper"],"app_metadata":{"plan":"pro"},"ban_duration":"24h","user_metadata":{"a":[1]}}`)
	b.imported(auth.ImportOptions{}, `{"email":"cid@shop.example","identities":[{"provider":"corp","issuer":"https://id.example.com","subject":"s1","email":"cid@shop.example","name":"Cid"}]}`)
	plain, full := b.exported(false), b.exported(true)
	if strings.Contains(plain, "$argon2id$") || strings.Count(full, "$argon2id$") != 1 || strings.Count(full, "\n") != 3 {
		t.Fatalf("%s\n%s", plain, full)
	}
	if b.store.count("_audit") == 0 || !strings.Contains(b.store.all(), "with hashes") {
		t.Error("no row of audit")
	}
	c := setup(t, func(o *auth.Options) { o.Now = b.clock.Now })
	file := strings.Split(strings.TrimSpace(full), "\n")
	if r := c.imported(auth.ImportOptions{Verified: true, Roles: true}, file...); r.Made != 3 {
		t.Fatalf("%+v", r)
	}
	if again := c.exported(true); again != full {
		t.Errorf("got  %s\nwant %s", again, full)
	}
	got, err := c.signin("ann@shop.example", password, here(1))
	if err != nil || got.User.ID != s.User.ID {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := c.refresh(s.RefreshToken); hutch.CodeOf(err) != hutch.RefreshTokenNotFound {
		t.Errorf("a session travelled: %v", err)
	}
}

func TestS92FirebaseExport(t *testing.T) {
	config, err := auth.ParseFirebase([]byte("hash_config {\n  algorithm: SCRYPT,\n  base64_signer_key: " + fbSigner + ",\n  base64_salt_separator: Bw==,\n  rounds: 8,\n  mem_cost: 14,\n}\n"))
	if err != nil {
		t.Fatal(err)
	}
	line, err := config.Line(json.RawMessage(`{"localId":"kYi4EvWQlQTKSfnJ3dRSP6IH3ed2","email":"ann@shop.example","emailVerified":true,"passwordHash":"` + fbHash + `","salt":"` + fbSalt + `",
		"displayName":"Ann","lastSignedInAt":"1508893925000","createdAt":"1508893920000","customAttributes":"{\"plan\":\"pro\"}",
		"providerUserInfo":[{"providerId":"password","rawId":"ann@shop.example"},{"providerId":"google.com","rawId":"117","email":"ann@shop.example"},{"providerId":"facebook.com","rawId":"2"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	b := adminSetup(t)
	if r := b.imported(auth.ImportOptions{Verified: true, Roles: true}, string(line)); r.Made != 1 {
		t.Fatalf("%+v", r)
	}
	s, err := b.signin("ann@shop.example", "user1password", here(1))
	if err != nil {
		t.Fatal(err)
	}
	u := s.User
	if u.ID != auth.FirebaseID("kYi4EvWQlQTKSfnJ3dRSP6IH3ed2") || u.CreatedAt != "2017-10-25T01:12:00.000Z" || u.EmailConfirmedAt != u.CreatedAt || string(u.UserMetadata) != `{"full_name":"Ann"}` {
		t.Errorf("%+v", u)
	}
	if app := string(u.AppMetadata); !strings.Contains(app, `"firebase_uid":"kYi4EvWQlQTKSfnJ3dRSP6IH3ed2"`) || !strings.Contains(app, `"plan":"pro"`) || !strings.Contains(app, `["email","google"]`) {
		t.Errorf("app_metadata: %s", app)
	}
	if len(u.Identities) != 2 || u.Identities[1].ID != "117" {
		t.Errorf("%+v", u.Identities)
	}
	for _, bad := range []string{"", "algorithm: SCRYPT", "algorithm: BCRYPT", "algorithm: SCRYPT, base64_signer_key: " + fbSigner + ", rounds: 8, mem_cost: 30"} {
		if _, err := auth.ParseFirebase([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestS41AdminsGiveHashesWithinTheBounds: POST admin/users takes password_hash.
func TestS41AdminsGiveHashesWithinTheBounds(t *testing.T) {
	b := adminSetup(t)
	b.add(`{"email":"ann@shop.example","password_hash":"` + fbStored + `"}`)
	if _, err := b.signin("ann@shop.example", "user1password", here(1)); err != nil {
		t.Error(err)
	}
	for _, body := range []string{
		`{"email":"bob@shop.example","password_hash":"$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}`,
		`{"email":"bob@shop.example","password_hash":"x"}`, `{"email":"bob@shop.example","password_hash":7}`,
		`{"email":"bob@shop.example","password_hash":"` + fbStored + `","password":"` + password + `"}`,
	} {
		_, err := b.AddUser(t.Context(), b.key, []byte(body))
		if e := hutch.AsError(err); e.Code != hutch.ValidationFailed || e.Field != "password_hash" {
			t.Errorf("%s: %v", body, err)
		}
	}
	u := b.add(`{"email":"bob@shop.example"}`)
	if _, err := b.change(u.ID, `{"password_hash":"`+fbStored+`"}`); hutch.AsError(err).Field != "password_hash" {
		t.Errorf("of an account that is there: %v", err)
	}
}
