package auth_test

import (
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/auth"
)

func TestFormName(t *testing.T) {
	long := func(n int) string { return `{"name":{"firstName":"` + strings.Repeat("a", n) + `"}}` }
	for user, want := range map[string]string{
		`{"name":{"firstName":"Ann","lastName":"Other"},"email":"ann@shop.example"}`: "Ann Other",
		`{"name":{"firstName":" Ann "}}`:                                             "Ann",
		`{"name":{"lastName":"Other","middleName":"X"}}`:                             "Other",
		`{"name":{"firstName":"안나","lastName":"김"}}`:                                 "안나 김",
		long(128):                           strings.Repeat("a", 128),
		long(129):                           "",
		long(1100):                          "",
		``:                                  "",
		`{}`:                                "",
		`null`:                              "",
		`[]`:                                "",
		`{"name":"Ann"}`:                    "",
		`{"name":{"firstName":["Ann"]}}`:    "",
		`{"name":{"firstName":1}}`:          "",
		`{"Name":{"FirstName":"Ann"}}`:      "",
		`{"name":{"FIRSTNAME":"Ann"}}`:      "",
		`{"name":{"firstName":"A\nB"}}`:     "",
		`{"name":{"firstName":"A\u202eB"}}`: "",
		`{"name":{"firstName":"A","firstName":"B"}}`: "",
		"{\"name\":{\"firstName\":\"\xff\"}}":        "",
		`{"name":{"firstName":"Ann"}} x`:             "",
	} {
		if got := auth.FormName(user); got != want {
			t.Errorf("%s: %q, want %q", user, got, want)
		}
	}
}

// TestTheNameOfAFormIsANewAccountsAlone: it passed through the browser.
func TestTheNameOfAFormIsANewAccountsAlone(t *testing.T) {
	b, p := abroad(t)
	in := func(name string) *auth.Session {
		t.Helper()
		w := browser{}
		state := b.authorize(w, request())
		step, err := b.Callback(t.Context(), auth.CallbackRequest{State: state, Code: "code", Name: name, Cookie: w.cookie}, here(1))
		if err != nil {
			t.Fatal(err)
		}
		s, err := b.trade(query(t, step.Location).Get("code"), clientProof)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	p.calls = true
	p.who = auth.Foreign{Issuer: "https://id.example", Subject: "1", Email: "ann@shop.example", EmailVerified: true}
	first := in("Ann Other")
	if meta := string(first.User.UserMetadata); !strings.Contains(meta, `"full_name":"Ann Other"`) || !strings.Contains(meta, `"name":"Ann Other"`) {
		t.Errorf("a new account: %s", meta)
	}
	again := in("Eve")
	if all := asJSON(t, again.User); strings.Contains(all, "Eve") || !strings.Contains(string(again.User.UserMetadata), "Ann Other") {
		t.Errorf("the second time: %s", all)
	}
	if strings.Contains(asJSON(t, first.User.Identities), "Other") {
		t.Error("it is told as the provider's word")
	}
	p.who = someone("2", "bob@shop.example", true) // the provider's word comes first
	if meta := string(in("Eve").User.UserMetadata); strings.Contains(meta, "Eve") {
		t.Error(meta)
	}
	p.who = auth.Foreign{Issuer: "https://id.example", Subject: "3"}
	for _, name := range []string{strings.Repeat("a", 129), "A\nB"} {
		if meta := string(in(name).User.UserMetadata); strings.Contains(meta, "name") {
			t.Errorf("%q: %s", name, meta)
		}
		p.who.Subject += "x"
	}
}
