package boot_test

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/examples"
	"github.com/hutch-dev/hutch/internal/boot"
)

// template is an app as `hutch init` makes it, with more in its config.
func template(t *testing.T, name, more string) *folder {
	t.Helper()
	f := newFolder(t)
	src, err := fs.Sub(examples.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(src, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(src, p)
		if p == "hutch.yaml" {
			if _, after, ok := strings.Cut(string(text), "\nauth:"); ok && more != "" {
				t.Fatalf("the template has auth: %s", after)
			}
			text = append(text, more...)
		}
		f.write(t, p, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (r *running) postAs(t *testing.T, token, path, body string) (int, string) {
	t.Helper()
	return r.do(t, http.MethodPost, token, path, body)
}

func (r *running) do(t *testing.T, method, token, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func tokenIn(t *testing.T, body string) string {
	t.Helper()
	var s struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &s); err != nil || s.Token == "" {
		t.Fatalf("no session: %s", body)
	}
	return s.Token
}

// TestS32AnonymousUsersByDefault: there are none until the config says so, and
// in the template then they are no signed-in users.
func TestS32AnonymousUsersByDefault(t *testing.T) {
	r := template(t, "empty", "").start(t).ready(t)
	if status, body := r.postAs(t, "", "/auth/v1/signup", `{"data":{}}`); status != 422 || !strings.Contains(body, "anonymous_provider_disabled") {
		t.Errorf("by default: %d %s", status, body)
	}
	if _, body := r.get(t, "/auth/v1/settings"); !strings.Contains(body, `"anonymous_users":false`) {
		t.Errorf("settings: %s", body)
	}
	r = template(t, "empty", "\nauth: { anonymous: true }\n").start(t).ready(t)
	status, body := r.postAs(t, "", "/auth/v1/signup", `{"data":{},"gotrue_meta_security":{}}`)
	if status != 200 || !strings.Contains(body, `"is_anonymous":true`) {
		t.Fatalf("%d %s", status, body)
	}
	_, known := r.postAs(t, "", "/auth/v1/signup", `{"email":"ann@shop.example","password":"a long enough password"}`)
	for _, who := range []struct {
		name, token string
		want        int
	}{
		{"a guest", "", 401},
		{"an anonymous user", tokenIn(t, body), 403},
		{"a user", tokenIn(t, known), 201},
	} {
		if status, body := r.postAs(t, who.token, "/data/v1/docs/notes", `{"text":"x"}`); status != who.want {
			t.Errorf("%s: %d %s, want %d", who.name, status, body, who.want)
		}
	}
}

// TestS32WarningOfTestsThatLetAnonymousUsersPass: check, a start and a reload
// name the rule, and only where such users are.
func TestS32WarningOfTestsThatLetAnonymousUsersPass(t *testing.T) {
	for _, name := range []string{"empty", "petstore"} {
		f := template(t, name, "")
		o := f.options(t)
		o.Config.Auth.Anonymous = true
		for _, d := range boot.Check(t.Context(), o).Diagnostics {
			t.Errorf("the template %s: %v", name, d)
		}
	}
	const app = `
collections:
  pets: { access: { read: signedIn(), create: auth != null && next.name != '' } }
functions:
  buy: { handler: buy.ts, trigger: { call: {} }, auth: 'auth != null' }
rules: { signedIn: auth != null, mine: auth != null && !auth.anonymous }
`
	f := newFolder(t, "hutch.yaml", "name: shop\nauth: { anonymous: true }"+app, "buy.ts", "export default () => 1\n")
	want := []string{"collections.pets.access.create: ", "functions.buy.auth: ", "the helper signedIn: "}
	named := func(where string, ds []hutch.Diagnostic) {
		t.Helper()
		if len(ds) != len(want) {
			t.Errorf("%s: %v", where, ds)
		}
		for i, d := range ds {
			if d.Severity != hutch.SeverityWarning || !strings.HasPrefix(d.Message, want[i]) || d.Pos.Line != []int{4, 6, 7}[i] {
				t.Errorf("%s: %v", where, d)
			}
		}
	}
	o := f.options(t)
	named("check", boot.Check(t.Context(), o).Diagnostics)
	var log bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	a, err := boot.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range want {
		if !strings.Contains(log.String(), name) {
			t.Errorf("the start says nothing of %s: %s", name, log.String())
		}
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	r := f.start(t).ready(t)
	ds, err := r.Reload(t.Context(), f.config(t))
	if err != nil {
		t.Fatal(err)
	}
	named("reload", ds)
	f.write(t, "hutch.yaml", "name: shop"+app)
	if ds := boot.Check(t.Context(), f.options(t)).Diagnostics; len(ds) != 0 {
		t.Errorf("without such users: %v", ds)
	}
}
