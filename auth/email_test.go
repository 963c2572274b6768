package auth_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func TestS73TwinsOfAnAddressAreOne(t *testing.T) {
	for _, twins := range [][]string{
		{"admin@example.com", "ADMIN@Example.com", "Admin@EXAMPLE.COM"},
		{"josé@example.com", "jose\u0301@example.com", "JOSÉ@example.com", "JOSE\u0301@example.com"},
		{"a@bücher.example", "a@BÜCHER.example", "a@bu\u0308cher.example", "a@xn--bcher-kva.example", "a@XN--BCHER-KVA.example"},
		{"kelvin@example.com", "\u212Aelvin@example.com"},
		{"s@example.com", "S@example.com", "\u017F@example.com"},
		{"σ@example.com", "Σ@example.com", "ς@example.com"},
		{"straße@example.com", "STRAẞE@example.com"},
		{"å@example.com", "\u212B@example.com"},
	} {
		first, err := auth.EmailKey(twins[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, twin := range twins[1:] {
			if got, err := auth.EmailKey(twin); err != nil || got != first {
				t.Errorf("%q: %q, %v, want %q", twin, got, err, first)
			}
		}
	}
	b := setup(t)
	b.signup("Jose\u0301@BÜCHER.example")
	_, err := b.Signup(t.Context(), auth.SignupRequest{Email: "josé@xn--bcher-kva.example", Password: password}, here(1))
	wantCode(t, err, hutch.UserAlreadyExists)
	if _, err := b.signin("JOSÉ@bücher.example", password, here(1)); err != nil {
		t.Error(err)
	}
}

func TestS73LookAlikesStayApart(t *testing.T) {
	for _, pair := range [][2]string{
		{"admin@example.com", "adm\u0131n@example.com"}, // dotless i
		{"ADMIN@example.com", "ADM\u0130N@example.com"}, // Turkish İ
		{"admin@example.com", "\u0430dmin@example.com"}, // Cyrillic a
		{"strasse@example.com", "straße@example.com"},   // full folding is not simple folding
		{"admin@example.com", "admin@ex\u0430mple.com"}, // in the domain
		{"a.b@example.com", "ab@example.com"},           // no provider's own rules
		{"a+b@example.com", "a@example.com"},            // nor these
		{"admin@example.com", "admin@example.com.evil"},
		{"\uFF41dmin@example.com", "admin@example.com"}, // full width
		{"ﬁ@example.com", "fi@example.com"},             // a ligature
		{"admin@example.com", "admin@\u212Bxample.com"},
		{"admin@localhost", "admin@localhos"},
		{"o'neil@example.com", "o`neil@example.com"},
		{"a@xn--strae-oqa.example", "a@strasse.example"}, // ß in domains is its own letter
		{"admin@example.com", "admin\u0307@example.com"},
		{"i\u0307@example.com", "i@example.com"},
		{"\u0130@example.com", "i@example.com"},
		{"\u1E9E@example.com", "ss@example.com"},
		{"x@example.com", "\u0445@example.com"},
		{"aa@example.com", "a@example.com"},
		{"root@example.com", "root@example.co"},
		{"a@example.com", "a@" + strings.Repeat("sub.", 5) + "example.com"},
	} {
		a, err1 := auth.EmailKey(pair[0])
		b, err2 := auth.EmailKey(pair[1])
		if err1 != nil {
			t.Errorf("%q: %v", pair[0], err1)
		}
		if err2 == nil && a == b {
			t.Errorf("%q and %q are one: %q", pair[0], pair[1], a)
		}
	}
}

func TestEmailSyntax(t *testing.T) {
	for _, s := range []string{
		"a@b.test", "a.b+c_d-e@shop.example", "o'neil@example.com", "1@1a.test", "!#$%&'*+-/=?^_`{|}~@example.com", "ü@ü.test", "用户@例子.测试", "a@localhost",
		strings.Repeat("l", 64) + "@example.com",
	} {
		if k, err := auth.EmailKey(s); err != nil || k == "" {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{
		"", "a", "@", "a@", "@b", "a@b@c", "a b@c.test", " a@b.test", "a@b.test ", "a@b.test\n", "a\x00@b.test", "a@b\x00.test", ".a@b.test", "a.@b.test", "a..b@c.test",
		`"a"@b.test`, "a@[127.0.0.1]", "a@127.0.0.1", "a@b..test", "a@.test", "a@b.test.", "a@-b.test", "a@b_c.test", "a@b c.test", "Ann <a@b.test>", "a(x)@b.test",
		"a\u200b@b.test", "a\u202e@b.test", "a\u00a0@b.test", "\xff@b.test", "a@\xff.test", "a@xn--a.test", "a@xn--\u0430.test",
		strings.Repeat("l", 65) + "@example.com", "a@" + strings.Repeat("d", 64) + ".test", "a@" + strings.Repeat("d.", 130) + "test", strings.Repeat("é", 33) + "@b.test",
		"a,b@c.test", "a;b@c.test", "a\\b@c.test", "a@b,c.test", "mailto:a@b.test", "a\tb@c.test", "a\r\nBcc: x@y.test",
	} {
		_, err := auth.EmailKey(s)
		if hutch.CodeOf(err) != hutch.ValidationFailed || hutch.AsError(err).Field != "email" {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzEmail(f *testing.F) {
	for _, s := range []string{"a@b.test", "Jose\u0301@BÜCHER.example", "\u212A@xn--bcher-kva.example", "İ@ß.test", "a@b@c", "\u0345\u0301@a.test"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := auth.EmailKey(s)
		if err != nil {
			return
		}
		if !utf8.ValidString(k) || !norm.NFC.IsNormalString(k) || len(k) > 254 || strings.ContainsAny(k, " \x00\r\n") {
			t.Fatalf("%q: key %q", s, k)
		}
		if again, err := auth.EmailKey(k); err != nil || again != k {
			t.Fatalf("%q: %q is not its own key: %q, %v", s, k, again, err)
		}
		if d, err := auth.EmailKey(norm.NFD.String(s)); err == nil && d != k {
			t.Fatalf("%q: decomposed %q, composed %q", s, d, k)
		}
		local, domain, _ := strings.Cut(k, "@")
		if local == "" || domain == "" {
			t.Fatalf("%q: key %q", s, k)
		}
		for i := range len(domain) {
			if domain[i] >= 0x80 || domain[i] >= 'A' && domain[i] <= 'Z' {
				t.Fatalf("%q: domain %q", s, domain)
			}
		}
	})
}
