package auth_test

import (
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// No bytes of an authenticator break the server, sign anybody in or register,
// but the ones that it signed.
func FuzzPasskey(f *testing.F) {
	b := setup(f)
	s := b.signup("ann@shop.example")
	d := newDevice(f, -7)
	b.mustAdd(s, d)
	seedCredentials(f, d)
	codes := map[hutch.Code]bool{hutch.BadJSON: true, hutch.ValidationFailed: true, hutch.WebAuthnFailed: true, hutch.WebAuthnExpired: true}
	c := auth.Client{ServiceKey: true}
	f.Fuzz(func(t *testing.T, credential []byte) {
		challenge, err := b.PasskeyChallenge(t.Context(), nil, c)
		if err != nil {
			t.Fatal(err)
		}
		body := append([]byte(`{"challenge_id":"`+challenge.ChallengeID+`","credential":`), credential...)
		if _, err = b.EnterByPasskey(t.Context(), append(body, '}'), c); !codes[hutch.CodeOf(err)] {
			t.Fatalf("%s: %v", credential, err)
		}
		if challenge, err = b.PasskeyOptions(t.Context(), bearer(s.AccessToken), c); err != nil {
			t.Fatal(err)
		}
		body = append([]byte(`{"challenge_id":"`+challenge.ChallengeID+`","credential":`), credential...)
		if _, err = b.AddPasskey(t.Context(), bearer(s.AccessToken), append(body, '}'), c); !codes[hutch.CodeOf(err)] {
			t.Fatalf("%s: %v", credential, err)
		}
	})
}

// FuzzReadKey is the reading alone: CBOR, COSE, client data.
func FuzzReadKey(f *testing.F) {
	d := newDevice(f, -7)
	d.handle = []byte("handle")
	seedCredentials(f, d)
	f.Fuzz(func(t *testing.T, credential []byte) {
		if key := auth.ReadKey(credential); len(key) > 1024 {
			t.Fatalf("%s: a key of %d bytes", credential, len(key))
		}
	})
}

func seedCredentials(f *testing.F, d *device) {
	rsa, ed := newDevice(f, -257), newDevice(f, -8)
	ed.format = "packed"
	for _, m := range []*device{d, rsa, ed} {
		a := asked{Challenge: b64(make([]byte, 32)), RPID: "shop.example"}
		a.RP.ID, a.User.ID = "shop.example", b64(d.handle)
		if created := m.create(f, a); m != d || auth.ReadKey([]byte(created)) != nil {
			f.Add([]byte(created))
		} else {
			f.Fatal("a good key is not read")
		}
		f.Add([]byte(m.get(f, a)))
	}
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{}}`))
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{"attestationObject":"o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YUA","clientDataJSON":"e30"}}`))
	f.Add([]byte(`[]`))
}
