package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/config"
)

func effective(c *config.Config) map[string]config.Value {
	out := map[string]config.Value{}
	for _, v := range c.Effective() {
		if _, twice := out[v.Path]; twice {
			panic(v.Path + " is there twice")
		}
		out[v.Path] = v
	}
	return out
}

// TestS64EffectiveValues: each with its source; what a variable or a secret key
// holds is nowhere in them.
func TestS64EffectiveValues(t *testing.T) {
	const secret = "hunter2"
	c := load(t, app("hutch.yaml", `name: shop
store: "mongodb://ann:`+secret+`-file@db/shop?tls=true"
publicUrl: https://shop.example
proxies: [10.0.0.0/8, "${PROXY}"]
limits: { body: "${BODY:-2MiB}", request: 5s }
rules: { "member(org)": "'${KEPT}' in auth.roles" }
auth:
  mail: { smtp: "smtp://ann:${PASSWORD}@mail.example", from: "${FROM}" }
  providers:
    google: { clientId: "id-1", clientSecret: "`+secret+`-secret" }
collections:
  pets:
    access: { read: "true" }
    indexes: [{ fields: [cat, -rank], unique: true }]
    immutable: []
`), env("PASSWORD", secret+"-env", "PROXY", "192.0.2.77", "BODY", "3MiB", "FROM", "Boss <boss@env.example>"))
	got := effective(c)
	for path, want := range map[string]string{
		"name":                                  "shop file hutch.yaml:1",
		"store":                                 "REDACTED file hutch.yaml:2",
		"publicUrl":                             "https://shop.example file hutch.yaml:3",
		"proxies[0]":                            "10.0.0.0/8 file hutch.yaml:4",
		"proxies[1]":                            "REDACTED environment hutch.yaml:4 PROXY",
		"limits.body":                           "REDACTED environment hutch.yaml:5 BODY",
		"limits.request":                        "5s file hutch.yaml:5",
		"limits.maxScan":                        "50000 default",
		"rules.member(org)":                     "'${KEPT}' in auth.roles file hutch.yaml:6",
		"auth.mail.smtp":                        "REDACTED environment hutch.yaml:8 PASSWORD",
		"auth.mail.from":                        "REDACTED environment hutch.yaml:8 FROM",
		"auth.providers.google.clientId":        "id-1 file hutch.yaml:10",
		"auth.confirmEmail":                     "true default",
		"auth.mfa":                              "required default",
		"web":                                   " default",
		"collections.pets.access.read":          "true file hutch.yaml:13",
		"collections.pets.indexes[0].fields[1]": "-rank file hutch.yaml:14",
		"collections.pets.indexes[0].unique":    "true file hutch.yaml:14",
		"collections.pets.immutable":            "[] file hutch.yaml:15",
		"auth.providers.google.clientSecret":    "REDACTED file hutch.yaml:10",
	} {
		v, ok := got[path]
		text := v.Text + " " + string(v.Source)
		if v.Pos.Line > 0 {
			text += fmt.Sprintf(" %s:%d", v.Pos.File, v.Pos.Line)
		}
		if len(v.Names) > 0 {
			text += " " + strings.Join(v.Names, ",")
		}
		if !ok || text != want {
			t.Errorf("%s: %q, want %q", path, text, want)
		}
		if v.Hidden != (v.Text == "REDACTED") {
			t.Errorf("%s: hidden %v", path, v.Hidden)
		}
	}
	for _, held := range []string{secret, "192.0.2.77", "3MiB", "env.example", "2MiB"} {
		if all := fmt.Sprintf("%+v", c.Effective()); strings.Contains(all, held) {
			t.Errorf("%q shows in %s", held, all)
		}
	}
	paths := make([]string, 0, len(got))
	for _, v := range c.Effective() {
		paths = append(paths, v.Path)
	}
	if paths[0] != "name" || slices.Index(paths, "limits.body") > slices.Index(paths, "auth.mfa") || slices.Index(paths, "auth.mfa") > slices.Index(paths, "collections.pets.access.read") {
		t.Errorf("not in the order of the table: %q", paths)
	}

	c.Overrule("publicUrl", config.FromFlag, "--public-url", "https://other.example")
	c.Overrule("store", config.FromEnvironment, "HUTCH_STORE", "mongodb://ann:"+secret+"@db")
	got = effective(c)
	if v := got["publicUrl"]; v.Text != "https://other.example" || v.Source != config.FromFlag || v.Names[0] != "--public-url" || v.Pos.Line != 0 {
		t.Errorf("%+v", v)
	}
	if v := got["store"]; !v.Hidden || v.Text != "REDACTED" || v.Source != config.FromEnvironment {
		t.Errorf("%+v", v)
	}
}

func TestWarningsAreKept(t *testing.T) {
	c := load(t, app("hutch.yaml", "name: shop\ninclude: [\"none*.yaml\"]\n"), env())
	if ws := c.Warnings(); len(ws) != 1 || !strings.Contains(ws[0].Message, "no file matches") {
		t.Errorf("%v", ws)
	}
}
