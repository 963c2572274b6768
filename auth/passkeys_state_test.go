package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func TestS44PasskeysNeedARecentSession(t *testing.T) {
	b := setup(t, withAnonymous)
	ann := b.signup("ann@shop.example")
	d := newDevice(t, -7)
	p := b.mustAdd(ann, d)
	begun, err := b.PasskeyOptions(t.Context(), bearer(ann.AccessToken), here(1))
	if err != nil {
		t.Fatal(err)
	}
	body := verifyBody(begun.ChallengeID, newDevice(t, -7).create(t, read(t, begun)))
	b.clock.add(10*time.Minute - time.Second)
	if _, err = b.PasskeyOptions(t.Context(), bearer(ann.AccessToken), here(1)); err != nil {
		t.Errorf("a second before: %v", err)
	}
	b.clock.add(time.Second)
	routes := func(s string) map[string]error {
		_, options := b.PasskeyOptions(t.Context(), bearer(s), here(1))
		_, add := b.AddPasskey(t.Context(), bearer(s), body, here(1))
		_, list := b.Passkeys(t.Context(), bearer(s))
		_, name := b.RenamePasskey(t.Context(), bearer(s), p.ID, []byte(`{"friendly_name":"x"}`))
		return map[string]error{
			"options": options, "verify": add, "list": list, "rename": name, "remove": b.RemovePasskey(t.Context(), bearer(s), p.ID),
		}
	}
	for name, err := range routes(ann.AccessToken) {
		if name != "list" && name != "rename" {
			wrong(t, name, err, hutch.ReauthenticationNeeded)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range routes("anon") { // a guest
		wrong(t, name, err, hutch.NoAuthorization)
	}
	for name, err := range routes(b.keyOf(hutch.ScopeAuth)) {
		wrong(t, name+" with a service key", err, hutch.BadJWT)
	}
	bob := b.signup("bob@shop.example")
	for name, err := range routes(bob.AccessToken) {
		switch name {
		case "verify":
			wrong(t, name, err, hutch.WebAuthnExpired)
		case "rename", "remove":
			wrong(t, name, err, hutch.WebAuthnNotFound)
		}
	}
	nobody := b.anonymous()
	_, err = b.PasskeyOptions(t.Context(), bearer(nobody.AccessToken), here(1))
	wrong(t, "anonymous", err, hutch.ValidationFailed)
	if _, err = b.enter(d); err != nil {
		t.Errorf("after all of it: %v", err)
	}
}

func TestS44PasskeysOfARecoveryAndOfTheBanned(t *testing.T) {
	m := mailSetup(t)
	ann := m.confirmed(1, "ann@shop.example")
	d := newDevice(t, -7)
	p := m.mustAdd(ann, d)
	m.mail(auth.MailPasskeyAdded, "ann@shop.example")
	m.recover(1, "ann@shop.example")
	s, err := m.code(1, "recovery", "ann@shop.example", m.mail(auth.MailRecover, "ann@shop.example").Code)
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.PasskeyOptions(t.Context(), bearer(s.AccessToken), here(1))
	wrong(t, "options", err, hutch.ReauthenticationNeeded)
	wrong(t, "remove", m.RemovePasskey(t.Context(), bearer(s.AccessToken), p.ID), hutch.ReauthenticationNeeded)

	if _, err = m.Ban(t.Context(), "ann@shop.example", m.clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	_, err = m.enter(d)
	wrong(t, "banned", err, hutch.UserBanned)
	copied := *d
	copied.signer = newDevice(t, -7).signer
	_, err = m.enter(&copied)
	wrong(t, "not proven: nobody learns of the ban", err, hutch.WebAuthnFailed)
	if _, err = m.Ban(t.Context(), "ann@shop.example", time.Time{}); err != nil {
		t.Fatal(err)
	}
	in, err := m.enter(d)
	if err != nil {
		t.Fatal(err)
	}
	m.mails() // of a new network
	if err := m.RemovePasskey(t.Context(), bearer(in.AccessToken), p.ID); err != nil {
		t.Fatal(err)
	}
	m.mail(auth.MailPasskeyRemoved, "ann@shop.example")
}

func TestRemovedPasskeysEndTheirSessions(t *testing.T) {
	b := setup(t)
	ann := b.signup("ann@shop.example")
	lost, kept := newDevice(t, -7), newDevice(t, -8)
	p := b.mustAdd(ann, lost)
	b.mustAdd(ann, kept)
	thief, err := b.enter(lost)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := b.enter(kept)
	if err != nil {
		t.Fatal(err)
	}
	b.mustVerify(thief.AccessToken)
	if err = b.RemovePasskey(t.Context(), bearer(mine.AccessToken), p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err = b.verify(thief.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("its session: %v", err)
	}
	_, err = b.refresh(thief.RefreshToken)
	wrong(t, "its refresh", err, hutch.RefreshTokenNotFound)
	_, err = b.enter(lost)
	wrong(t, "itself", err, hutch.WebAuthnFailed)
	for _, s := range []*auth.Session{ann, mine} {
		b.mustVerify(s.AccessToken)
	}
	if rows := b.rows("passkey_removed"); len(rows) != 1 || rows[0] != ann.User.ID+" "+p.ID {
		t.Errorf("audit %q", rows)
	}
	if _, err = b.add(mine, lost); err != nil { // it may come back
		t.Error(err)
	}
}

func TestPasskeysOfOneAuthenticatorAreOfOneUser(t *testing.T) {
	b := setup(t)
	ann, bob := b.signup("ann@shop.example"), b.signup("bob@shop.example")
	d := newDevice(t, -7)
	b.mustAdd(ann, d)
	for name, s := range map[string]*auth.Session{"ann": ann, "bob": bob} {
		again := *d
		_, err := b.add(s, &again)
		wrong(t, name, err, hutch.WebAuthnExists)
	}
	if s, err := b.enter(d); err != nil || s.User.ID != ann.User.ID {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestS4PasskeysOfBeforeTheProofGo(t *testing.T) {
	m := mailSetup(t, func(o *auth.Options) { o.Mail.Confirm = false })
	thief := m.signup("ann@shop.example") // with another's address
	d := newDevice(t, -7)
	m.mustAdd(thief, d)
	if err := m.otp(1, `{"email":"ann@shop.example"}`); err != nil {
		t.Fatal(err)
	}
	if _, err := m.code(1, "magiclink", "ann@shop.example", m.mail(auth.MailMagicLink, "ann@shop.example").Code); err != nil {
		t.Fatal(err)
	}
	_, err := m.enter(d)
	wrong(t, "of before the proof", err, hutch.WebAuthnFailed)
	if n := m.store.count("_factors"); n != 0 {
		t.Errorf("%d passkeys are left", n)
	}
}

func TestPasskeysGoWithTheirUserAndByAdmins(t *testing.T) {
	b := setup(t)
	key := b.keyOf(hutch.ScopeAuth)
	ann := b.signup("ann@shop.example")
	one, two := newDevice(t, -7), newDevice(t, -7)
	p := b.mustAdd(ann, one)
	b.mustAdd(ann, two)
	all, err := b.PasskeysOf(t.Context(), bearer(key), ann.User.ID)
	if err != nil || len(all) != 2 || all[0].ID != p.ID {
		t.Fatalf("%v, %v", all, err)
	}
	wrong(t, "by a user", b.RemovePasskeyOf(t.Context(), bearer(ann.AccessToken), ann.User.ID, p.ID), hutch.NotAdmin)
	if err := b.RemovePasskeyOf(t.Context(), bearer(key), ann.User.ID, p.ID); err != nil {
		t.Fatal(err)
	}
	wrong(t, "again", b.RemovePasskeyOf(t.Context(), bearer(key), ann.User.ID, p.ID), hutch.WebAuthnNotFound)
	if err := b.RemoveUser(t.Context(), bearer(key), ann.User.ID, nil); err != nil {
		t.Fatal(err)
	}
	_, err = b.enter(two)
	wrong(t, "of a deleted user", err, hutch.WebAuthnFailed)
	if n := b.store.count("_factors") + b.store.count("_identities"); n != 0 {
		t.Errorf("%d documents are left", n)
	}
}

func TestS15S95PasskeysAreOfThePublicURL(t *testing.T) {
	for url, want := range map[string]string{
		"https://shop.example": "shop.example https://shop.example", "https://shop.example:8443/": "shop.example https://shop.example:8443",
		"https://Shop.example:443": "shop.example https://shop.example", "http://localhost:80": "localhost http://localhost",
		"http://127.0.0.1:8080": "localhost http://localhost:8080", "http://[::1]:8080": "localhost http://localhost:8080",
		"https://bücher.example": "xn--bcher-kva.example https://xn--bcher-kva.example",
		"http://shop.example":    "", "https://10.1.2.3": "", "https://[2001:db8::1]": "",
	} {
		b := setup(t, func(o *auth.Options) {
			o.PublicURL = func() string { return url }
			o.Passkeys.Origins = []string{"https://app.example", "android:apk-key-hash:" + strings.Repeat("A", 43)}
		})
		c, err := b.PasskeyChallenge(t.Context(), nil, here(1))
		if want == "" {
			wrong(t, url, err, hutch.PasskeyDisabled)
			continue
		}
		if err != nil {
			t.Fatal(url, err)
		}
		o, err := b.RelatedOrigins()
		if err != nil || len(o.Origins) != 2 || read(t, c).RPID+" "+o.Origins[0] != want || o.Origins[1] != "https://app.example" {
			t.Errorf("%s: %+v %v, want %s", url, o, err, want)
		}
	}
	b := setup(t, func(o *auth.Options) {
		o.Passkeys.Origins = []string{"https://app.example", "android:apk-key-hash:" + strings.Repeat("A", 43)}
	})
	s := b.signup("ann@shop.example")
	for _, origin := range b.opts.Passkeys.Origins {
		d := newDevice(t, -7)
		d.origin = origin
		b.mustAdd(s, d)
		if _, err := b.enter(d); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
	}
	for _, origin := range []string{
		"", "*", "null", "app.example", "http://app.example", "https://app.example/", "https://App.example", "https://app.example:443",
		"https://*.example", "https://a@app.example", "android:apk-key-hash:", "android:apk-key-hash:AAAA", "ios:app", "https://app.example?x",
	} {
		if auth.CheckPasskeyOrigin(origin) == "" {
			t.Errorf("%q is an origin", origin)
		}
	}
}

func TestPasskeyLimitsAndBodies(t *testing.T) {
	b := setup(t)
	d := newDevice(t, -7)
	d.handle = []byte("nobody")
	code := hutch.Code("")
	for i := 0; i <= 300 && code == ""; i++ {
		_, err := b.PasskeyChallenge(t.Context(), nil, here(9))
		code = hutch.CodeOf(err)
	}
	if code != hutch.OverRequestRateLimit {
		t.Errorf("300 challenges: %q", code)
	}
	c := b.challenge() // another network
	for body, want := range map[string]hutch.Code{
		``: hutch.BadJSON, `[]`: hutch.BadJSON, `{}`: hutch.ValidationFailed, `{"challenge_id":1,"credential":{}}`: hutch.ValidationFailed,
		`{"challenge_id":"a"}`: hutch.ValidationFailed, `{"challenge_id":"a","credential":null}`: hutch.ValidationFailed,
		`{"challenge_id":"a","credential":[]}`: hutch.ValidationFailed, `{"challenge_id":"a","credential":"x"}`: hutch.ValidationFailed,
		`{"challenge_id":"a","credential":{"id":"AA","response":[]}}`:                                        hutch.ValidationFailed,
		`{"challenge_id":"a","credential":{"response":{"signature":"` + strings.Repeat("A", 17<<10) + `"}}}`: hutch.ValidationFailed,
		`{"challenge_id":"a","credential":{"id":"AA","rawId":"AA","type":"password","response":{}}}`:         hutch.WebAuthnFailed,
		`{"challenge_id":"a","credential":{"id":"AA","rawId":"AB","type":"public-key","response":{}}}`:       hutch.WebAuthnFailed,
		`{"challenge_id":"a","challenge_id":"b","credential":{"id":"AA","type":"public-key","response":{}}}`: hutch.BadJSON,
		string(verifyBody("a", d.get(t, asked{RPID: "shop.example"}))):                                       hutch.WebAuthnExpired,
		string(verifyBody(c.ChallengeID, d.get(t, read(t, c)))):                                              hutch.WebAuthnFailed,
	} {
		_, err := b.EnterByPasskey(t.Context(), []byte(body), here(3))
		wrong(t, body[:min(len(body), 80)], err, want)
	}
	s := b.signup("ann@shop.example")
	p := b.mustAdd(s, newDevice(t, -7))
	for body, want := range map[string]hutch.Code{
		`{}`: hutch.ValidationFailed, `{"friendly_name":""}`: hutch.ValidationFailed, `{"friendly_name":"  "}`: hutch.ValidationFailed,
		`{"friendly_name":"a\u0007"}`: hutch.ValidationFailed, `{"friendly_name":"` + strings.Repeat("ä", 121) + `"}`: hutch.ValidationFailed,
		`{"friendly_name":"` + strings.Repeat("ä", 120) + `"}`: "",
	} {
		if _, err := b.RenamePasskey(t.Context(), bearer(s.AccessToken), p.ID, []byte(body)); hutch.CodeOf(err) != want {
			t.Errorf("%.40s: %v", body, err)
		}
	}
}
