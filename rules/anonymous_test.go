package rules_test

import (
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/rules"
)

// TestS32TestsThatLetAnonymousUsersPass: what is a test of having signed in, by
// what stands beside it, and what is none.
func TestS32TestsThatLetAnonymousUsersPass(t *testing.T) {
	helpers := []string{
		"signedIn", "auth != null && !auth.anonymous", "real", "!auth.anonymous", "deep", "real()", "again", "again()", "is(x)", "x == auth.uid",
	}
	for rule, want := range map[string]int{
		"auth != null":                         1,
		"null != auth":                         1,
		"auth.uid != null":                     1,
		"!(auth == null)":                      1,
		"!(null == auth || resource.x == 1)":   1,
		"auth == null ? false : true":          1,
		"(auth != null) == true":               1,
		"auth != null && resource.a == 1":      1,
		"auth != null || !auth.anonymous":      1,
		"auth != null ? true : auth.anonymous": 1,
		"(auth != null && 1 == 1) || (auth != null && !auth.anonymous)": 1,
		"auth != null || null != auth":                                  2,
		"resource.l.exists(x, auth != null)":                            1,
		"auth != null && again()":                                       1,
		"resource.anonymous && auth != null":                            1,
		"auth != null && 'auth.anonymous' != ''":                        1,

		"true":                            0,
		"signedIn()":                      0,
		"is(resource.owner)":              0,
		"auth == null":                    0,
		"auth.uid == resource.owner":      0,
		"auth != null && !auth.anonymous": 0,
		"!auth.anonymous && (resource.a == 1 && auth != null)": 0,
		"auth != null && auth.anonymous == false":              0,
		"auth != null && real()":                               0,
		"auth != null && deep()":                               0,
		"!(auth == null || auth.anonymous)":                    0,
		"auth.anonymous ? false : auth != null":                0,
		"resource.a != null":                                   0,
		"auth.email != null":                                   0,
		"auth != ":                                             0, // Compile's
	} {
		e := hutch.Expr{Text: rule, Pos: hutch.Pos{File: "hutch.yaml", Line: 7, Column: 11}}
		ds := rules.Anonymous(exprs(helpers...), []rules.Named{{Name: "collections.pets.access.read", Expr: e}})
		if len(ds) != want {
			t.Errorf("%s: %d findings, want %d: %v", rule, len(ds), want, ds)
		}
		for _, d := range ds {
			if d.Severity != hutch.SeverityWarning || !strings.HasPrefix(d.Message, "collections.pets.access.read: ") || d.Pos.Line != 7 || d.Pos.Column < 11 {
				t.Errorf("%s: %v", rule, d)
			}
		}
	}
	ds := rules.Anonymous(exprs("user", "auth != null", "member(org)", "org in auth.roles && auth != null"), []rules.Named{{Name: "r", Expr: hutch.Expr{Text: "user()"}}})
	if len(ds) != 2 || !strings.HasPrefix(ds[0].Message, "the helper user: ") || !strings.HasPrefix(ds[1].Message, "the helper member(org): ") {
		t.Errorf("helpers: %v", ds)
	}
}
