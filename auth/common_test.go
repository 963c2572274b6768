package auth_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func TestCommonPasswordsAreAList(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(string(auth.CommonPasswords()), "\n"), "\n")
	if len(lines) != 10_000 || !slices.IsSorted(lines) || len(slices.Compact(slices.Clone(lines))) != len(lines) {
		t.Fatalf("%d lines, sorted: %v", len(lines), slices.IsSorted(lines))
	}
	for _, l := range lines {
		if n := utf8.RuneCountInString(l); n < 8 || n > 15 || l != strings.ToLower(l) {
			t.Errorf("%q can never be found", l)
		}
		for _, p := range []string{l, strings.ToUpper(l), strings.ToUpper(l[:1]) + l[1:]} {
			if !auth.IsCommon(p) {
				t.Errorf("%q is not found", p)
			}
		}
		if near := l + "\x01"; auth.IsCommon(near) || auth.IsCommon(l[1:]+"\x01") {
			t.Errorf("%q is found", near)
		}
	}
	for _, good := range []string{
		"", "\n", "password\n", "\npassword", "password1\npassword2", "correct horse", "zzzzzzzzzzzzzz~", "!", "passwor", "password x",
		"пароль-мой-12", strings.Repeat("password", 2), strings.Repeat("1", 16), "\x00\x00\x00\x00\x00\x00\x00\x00", "\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		if auth.IsCommon(good) {
			t.Errorf("%q is found", good)
		}
	}
}

// TestS41CommonPasswordsAreRefused: by whoever sets their own, on every way.
func TestS41CommonPasswordsAreRefused(t *testing.T) {
	const common = "Password123"
	wantPwned := func(t *testing.T, err error) {
		t.Helper()
		wantCode(t, err, hutch.WeakPassword)
		if e := hutch.AsError(err); string(e.Details) != `{"reasons":["pwned"]}` || e.Field != "password" || e.Status() != 422 {
			t.Errorf("%+v, details %s", e, e.Details)
		}
	}
	t.Run("sign-up", func(t *testing.T) {
		b := setup(t)
		_, err := b.Signup(t.Context(), auth.SignupRequest{Email: "ann@shop.example", Password: common}, here(1))
		wantPwned(t, err)
		_, _, err = b.CreateUser(t.Context(), "ann@shop.example", common, nil)
		wantPwned(t, err)
		if n, _, _ := b.hash.counts(); n > 0 || b.store.count("_users") > 0 {
			t.Error("it was hashed or stored")
		}
	})
	t.Run("sign-up that is confirmed, the same for a taken address", func(t *testing.T) {
		b := mailSetup(t)
		b.confirmed(1, "ann@shop.example")
		for _, address := range []string{"ann@shop.example", "bob@shop.example"} {
			_, err := b.Signup(t.Context(), auth.SignupRequest{Email: address, Password: common}, here(1))
			wantPwned(t, err)
		}
	})
	t.Run("PUT user", func(t *testing.T) {
		b := setup(t)
		s := b.signup("ann@shop.example")
		for _, body := range []string{`{"password":"` + common + `"}`, `{"password":"` + common + `","current_password":"` + password + `"}`} {
			_, err := b.put(s, body, here(1))
			wantPwned(t, err)
		}
	})
	t.Run("recovery", func(t *testing.T) {
		b := mailSetup(t)
		b.confirmed(1, "ann@shop.example")
		b.recover(1, "ann@shop.example")
		s, err := b.code(1, "recovery", "ann@shop.example", b.mail(auth.MailRecover, "ann@shop.example").Code)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.put(1, s.AccessToken, `{"password":"`+common+`"}`)
		wantPwned(t, err)
	})
	t.Run("an invitation", func(t *testing.T) {
		b := mailSetup(t)
		if _, err := b.Invite(t.Context(), "bob@shop.example", nil, ""); err != nil {
			t.Fatal(err)
		}
		s, err := b.code(1, "invite", "bob@shop.example", b.mail(auth.MailInvite, "bob@shop.example").Code)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.put(1, s.AccessToken, `{"password":"`+common+`"}`)
		wantPwned(t, err)
	})
	t.Run("a shorter one is short", func(t *testing.T) {
		b := setup(t)
		_, err := b.Signup(t.Context(), auth.SignupRequest{Email: "ann@shop.example", Password: "password1"}, here(1))
		if e := hutch.AsError(err); string(e.Details) != `{"reasons":["length"]}` {
			t.Errorf("%v %s", err, e.Details)
		}
	})
	t.Run("what was set before still signs in", func(t *testing.T) {
		b := setup(t)
		s := b.signup("ann@shop.example")
		hash, err := b.hash.Hash(t.Context(), common)
		if err != nil {
			t.Fatal(err)
		}
		b.SetHash(t.Context(), s.User.ID, hash)
		if code := b.try("ann@shop.example", common, here(1)); code != "" {
			t.Error(code)
		}
	})
}

func BenchmarkIsCommon(b *testing.B) {
	for b.Loop() {
		auth.IsCommon("correct horse")
	}
}

func FuzzIsCommon(f *testing.F) {
	lines := auth.CommonPasswords()
	f.Add("password1")
	f.Add("a\nb")
	f.Fuzz(func(t *testing.T, s string) {
		low := strings.ToLower(s)
		want := !strings.Contains(low, "\n") && utf8.RuneCountInString(s) >= 8 && utf8.RuneCountInString(s) < 16 &&
			(bytes.Contains(lines, []byte("\n"+low+"\n")) || bytes.HasPrefix(lines, []byte(low+"\n")))
		if auth.IsCommon(s) != want {
			t.Fatalf("%q: %v", s, !want)
		}
	})
}
