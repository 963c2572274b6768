package boot_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/internal/boot"
	"github.com/hutch-dev/hutch/server"
)

// TestS64SettingsShowNoSecret: neither a secret key nor a value of the
// environment is in what operators are told of the config, its findings and reloads.
func TestS64SettingsShowNoSecret(t *testing.T) {
	f := newFolder(t, "hutch.yaml", "name: shop\n")
	o := f.options(t)
	f.write(t, "hutch.yaml", `name: shop
publicUrl: ${SITE}
auth:
  confirmEmail: false
  mail: { smtp: "smtp://ann:${PASSWORD}@mail.example", from: "shop <a@shop.example>" }
`)
	lookup := func(name string) (string, bool) {
		v, ok := map[string]string{"SITE": "https://hunter2.example", "PASSWORD": "hunter2", "BAD": "hunter2"}[name]
		return v, ok
	}
	load := func() (*config.Config, []hutch.Diagnostic) { return config.Load(os.DirFS(f.dir), lookup) }
	c, ds := load()
	if c == nil {
		t.Fatal(ds)
	}
	o.Config, o.Mailer = c, openMailer
	a, err := boot.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	view := func() *server.ConfigView {
		v, err := a.Settings().Config(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		js, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(js), "hunter2") {
			t.Errorf("a secret shows: %s", js)
		}
		return v
	}
	if v := view(); len(v.Reloads) != 0 || v.Reloads == nil || len(v.Values) < 30 {
		t.Errorf("%d values, %v", len(v.Values), v.Reloads)
	}
	f.write(t, "hutch.yaml", "name: shop\nlimits: { body: \"${BAD}\" }\n")
	if _, ds := load(); len(ds) == 0 {
		t.Fatal("no finding")
	} else {
		a.NotReloaded(ds)
	}
	f.write(t, "hutch.yaml", "name: shop\npublicUrl: ${SITE}\ninclude: [\"none*.yaml\"]\nlimits: { request: 7s }\n")
	if c, ds = load(); c == nil {
		t.Fatal(ds)
	}
	if _, err := a.Reload(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	v := view()
	if len(v.Reloads) != 2 || !v.Reloads[0].OK || v.Reloads[1].OK || v.Reloads[1].Message == "" || len(v.Reloads[1].Findings) != 1 {
		t.Errorf("%+v", v.Reloads)
	}
	if len(v.Findings) == 0 || v.Findings[0].Severity != "warning" || v.Findings[0].Line != 3 {
		t.Errorf("%+v", v.Findings)
	}
	for range 60 {
		a.NotReloaded(nil)
	}
	if n := len(view().Reloads); n != 50 {
		t.Errorf("%d reloads are remembered", n)
	}
	about, err := a.Settings().About(t.Context())
	if err != nil || about.Store != "embedded" || about.Version != hutch.Version || about.Nodes != 1 || len(about.Licences) < 100 || about.Started.IsZero() {
		t.Errorf("%+v %v", about, err)
	}
	text, err := a.Settings().LicenceText(t.Context(), about.Licences[0].Text)
	if err != nil || len(text) < 30 {
		t.Errorf("%q %v", text, err)
	}
	if _, err := a.Settings().LicenceText(t.Context(), "../x"); hutch.CodeOf(err) != hutch.NotFound {
		t.Error(err)
	}
}
