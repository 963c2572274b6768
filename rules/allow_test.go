package rules_test

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/rules"
)

func TestAllow(t *testing.T) {
	helpers := exprs("signedIn", "auth != null && !auth.anonymous", "mine", "resource.owner == auth.uid")
	r := request()
	r.Op = "call"
	body := func(kv ...any) data.Value { return data.Object(doc(t, kv...)) }
	for _, c := range []struct {
		rule  string
		p     hutch.Principal
		input data.Value
		want  hutch.Code
	}{
		{"signedIn()", ann, data.Value{}, ""},
		{"signedIn()", guest, data.Value{}, hutch.Unauthenticated},
		{"signedIn()", key, data.Value{}, ""},
		{"false", hutch.Principal{Kind: hutch.System}, data.Value{}, ""},
		{"'staff' in auth.roles", ann, data.Value{}, hutch.PermissionDenied},
		{"'staff' in auth.roles", bob, data.Value{}, ""},
		{"true", guest, data.Value{}, ""},
		{"input.user == auth.uid", ann, body("user", "ann"), ""},
		{"input.user == auth.uid", ann, body("user", "bob"), hutch.PermissionDenied},
		{"input.user == auth.uid", ann, data.Value{}, hutch.PermissionDenied},
		{"input.user == auth.uid", ann, data.String("ann"), hutch.PermissionDenied},
		{"input == 'ann'", ann, data.String("ann"), ""},
		{"input.all(x, x > 0)", ann, data.Array(data.Int(1), data.Int(2)), ""},
		{"!has(input.x)", ann, body("a", bson.Regex{Pattern: "x"}), hutch.InvalidArgument},
		{"request.op == 'call' && request.ip == '192.0.2.1'", guest, data.Value{}, ""},
		{"request.time < timestamp('2027-01-01T00:00:00Z')", guest, data.Value{}, ""},
	} {
		b, ds := rules.CompileBool("f", expr(c.rule), helpers)
		if b == nil {
			t.Fatal(ds)
		}
		if got := hutch.CodeOf(b.Allow(c.p, r, c.input)); got != c.want {
			t.Errorf("%s as %s: %q", c.rule, c.p.UID, got)
		}
	}
	for rule, want := range map[string]string{
		"mine()": "resource", "exists('pets', 'a')": "not available here", "'text'": "true or false", "signIn()": "unknown name", "": "empty", "changed('a')": "not available here", "id == 'x'": "not available here",
	} {
		b, ds := rules.CompileBool("f", expr(rule), helpers)
		if b != nil || len(ds) != 1 || !strings.Contains(ds[0].Message, want) {
			t.Errorf("%s: %v", rule, ds)
		}
	}
	var none *rules.Bool
	code(t, none.Allow(ann, r, data.Value{}), hutch.PermissionDenied)
	code(t, none.Allow(key, r, data.Value{}), "")
}
