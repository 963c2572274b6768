package boot_test

import (
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/internal/boot"
)

// TestCheckOfProfiles: what no account could have is found before it starts.
func TestCheckOfProfiles(t *testing.T) {
	for _, c := range []struct{ name, fields, schema, says string }{
		{"right", "{ name: full_name }", `{"properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}`, ""},
		{"no field", "{ nmae: full_name }", `{"properties":{"name":{}}}`, "auth.profile.fields.nmae: the schema of people has no such field"},
		{"a pattern", "{ x_name: full_name }", `{"properties":{"name":{}},"patternProperties":{"^x_":{}}}`, ""},
		{"any", "{ name: full_name }", `{}`, ""},
		{"required of nobody", "{ name: full_name }", `{"properties":{"name":{},"bio":{}},"required":["_id","bio"]}`, "auth.profile: the schema of people requires bio, which no account would have"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFolder(t, "hutch.yaml", "name: x\nauth: { profile: { collection: people, fields: "+c.fields+" } }\ncollections: { people: { schema: p.json } }\n", "p.json", c.schema)
			var says []string
			for _, d := range boot.Check(t.Context(), f.options(t)).Diagnostics {
				says = append(says, d.Message)
			}
			if got := strings.Join(says, "\n"); got != c.says {
				t.Errorf("check says %q, want %q", got, c.says)
			}
		})
	}
}
