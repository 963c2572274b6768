package auth_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// No text is a mailed link or code unless it is one we sent; none sends a browser
// where the config does not allow it, and looking at one uses nothing up.
func FuzzMailedLinks(f *testing.F) {
	b := mailSetup(f, func(o *auth.Options) { o.Limits.FailuresPerNetwork = 1 << 30 })
	b.confirmed(1, "ann@shop.example")
	b.recover(1, "ann@shop.example")
	m := b.mail(auth.MailRecover, "ann@shop.example")
	link := linkOf(f, m)
	for _, s := range [][3]string{
		{link.Type, link.Token, "https://app.example/x"},
		{link.Type, link.Token, "https://app.example@evil.example/"},
		{"signup", link.Token, ""},
		{"email", link.Token, "//evil.example"},
		{"recovery", link.Token + "0", `\\evil.example`},
		{"recovery", strings.ToLower(link.Token), "javascript:alert(1)"},
		{"", "", ""},
		{"recovery", m.Code, "\x00"},
		{"email_undo", link.Token, "?"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, kind, token, to string) {
		given := kind == link.Type && token == link.Token
		r := auth.LandingRequest{Type: kind, Token: token, RedirectTo: to}
		page, err := b.Landing(t.Context(), r)
		if err != nil || page.Good != given {
			t.Fatalf("%q %q: %+v, %v", kind, token, page, err)
		}
		at, err := b.Follow(t.Context(), r, here(1))
		if (err == nil) != given || err != nil && hutch.AsError(err).Status() >= 500 {
			t.Fatalf("%q %q leads to %q, %v", kind, token, at, err)
		}
		if given {
			u, err := url.Parse(at)
			if err != nil || u.Scheme != "https" || u.Host != "shop.example" && u.Host != "app.example" || u.User != nil {
				t.Fatalf("%q leads to %q", to, at)
			}
			return
		}
		_, err = b.VerifyMailed(t.Context(), auth.VerifyRequest{Type: kind, TokenHash: token}, here(1))
		if err == nil || hutch.AsError(err).Status() >= 500 {
			t.Fatalf("%q %q: %v", kind, token, err)
		}
	})
}
