package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/hutch-dev/hutch/auth"
)

const (
	userPresent  = 0x01
	userVerified = 0x04
	attested     = 0x40
)

// device is an authenticator with one key and the browser it belongs to. Tests
// change what it says: before it signs (the fields) or afterwards (lie).
type device struct {
	alg    int
	signer crypto.Signer
	id     []byte
	handle []byte
	count  uint32

	origin string
	party  string // "": the one that is asked for
	flags  byte
	client map[string]any // more members of the client data, or others
	format string
	cose   map[int]any // other members of the public key
	lie    func(response map[string]any)
}

func newDevice(t testing.TB, alg int) *device {
	t.Helper()
	d := &device{
		alg: alg, id: make([]byte, 32), origin: "https://shop.example", flags: userPresent | userVerified, format: "none", count: 1,
	}
	_, _ = rand.Read(d.id)
	var err error
	switch alg {
	case -8:
		_, d.signer, err = ed25519.GenerateKey(rand.Reader)
	case -257:
		d.signer, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		d.signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// publicKey is the key in COSE.
func (d *device) publicKey(t testing.TB) []byte {
	t.Helper()
	key := map[int]any{3: d.alg}
	switch k := d.signer.Public().(type) {
	case ed25519.PublicKey:
		key[1], key[-1], key[-2] = 1, 6, []byte(k)
	case *rsa.PublicKey:
		key[1], key[-1], key[-2] = 3, k.N.Bytes(), []byte{1, 0, 1}
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		key[1], key[-1], key[-2], key[-3] = 2, 1, point[1:33], point[33:]
	}
	maps.Copy(key, d.cose)
	b, err := webauthncbor.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (d *device) sign(t testing.TB, message []byte) []byte {
	t.Helper()
	hash := crypto.Hash(0)
	if d.alg != -8 {
		sum := sha256.Sum256(message)
		message, hash = sum[:], crypto.SHA256
	}
	sig, err := d.signer.Sign(rand.Reader, message, hash)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// asked are the members of options that a device looks at.
type asked struct {
	Challenge string                `json:"challenge"`
	RP        struct{ ID string }   `json:"rp"`
	RPID      string                `json:"rpId"`
	User      struct{ ID string }   `json:"user"`
	Exclude   []struct{ ID string } `json:"excludeCredentials"`
	Allow     []struct{ ID string } `json:"allowCredentials"`
	Selection map[string]any        `json:"authenticatorSelection"`
	Params    []struct{ Alg int }   `json:"pubKeyCredParams"`
	UV        string                `json:"userVerification"`
	Attest    string                `json:"attestation"`
	Timeout   int                   `json:"timeout"`
	Rest      map[string]any        `json:"-"`
}

func read(t testing.TB, c *auth.PasskeyChallenge) (a asked) {
	t.Helper()
	js, err := json.Marshal(c.Options)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(js, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func unb64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (d *device) clientData(t testing.TB, kind, challenge string) []byte {
	t.Helper()
	m := map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false}
	maps.Copy(m, d.client)
	js, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func (d *device) authData(party string, flags byte) []byte {
	if d.party != "" {
		party = d.party
	}
	hash := sha256.Sum256([]byte(party))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), d.count)
}

// create answers the options of a registration.
func (d *device) create(t testing.TB, a asked) string {
	t.Helper()
	d.handle = unb64(t, a.User.ID)
	data := d.authData(a.RP.ID, d.flags|attested)
	data = append(data, make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	data = append(append(data, d.id...), d.publicKey(t)...)
	client := d.clientData(t, "webauthn.create", a.Challenge)
	statement := map[string]any{}
	if d.format == "packed" {
		sum := sha256.Sum256(client)
		statement = map[string]any{"alg": d.alg, "sig": d.sign(t, append(slices.Clip(data), sum[:]...))}
	}
	object, err := webauthncbor.Marshal(map[string]any{"fmt": d.format, "attStmt": statement, "authData": data})
	if err != nil {
		t.Fatal(err)
	}
	return d.answer(t, map[string]any{
		"attestationObject": b64(object), "clientDataJSON": b64(client), "transports": []string{"internal", "hybrid", "teleport"},
	})
}

// get answers the options of a sign-in, counting on.
func (d *device) get(t testing.TB, a asked) string {
	t.Helper()
	d.count++
	data := d.authData(a.RPID, d.flags)
	client := d.clientData(t, "webauthn.get", a.Challenge)
	sum := sha256.Sum256(client)
	return d.answer(t, map[string]any{
		"authenticatorData": b64(data), "clientDataJSON": b64(client), "userHandle": b64(d.handle),
		"signature": b64(d.sign(t, append(slices.Clip(data), sum[:]...))),
	})
}

func (d *device) answer(t testing.TB, response map[string]any) string {
	t.Helper()
	if d.lie != nil {
		d.lie(response)
	}
	return asJSON(t, map[string]any{
		"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": true}}, "authenticatorAttachment": "platform",
	})
}

// verifyBody is the body of a verify route.
func verifyBody(challenge, credential string) []byte {
	return []byte(`{"challenge_id":"` + challenge + `","credential":` + credential + `}`)
}
