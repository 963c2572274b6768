package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const appleSecretLife = 5 * time.Minute

// appleSecret makes client secrets of Apple: an ES256 JWT by the team's key,
// made anew for each call (developer.apple.com, "Creating a client secret").
func appleSecret(r *Row) (func(time.Time) (string, error), error) {
	// An environment variable often holds the line ends as \n.
	block, _ := pem.Decode([]byte(strings.ReplaceAll(r.Secret.Reveal(), `\n`, "\n")))
	if block == nil {
		return nil, bad(r, "clientSecret", "Apple's clientSecret is the text of the .p8 file")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return nil, bad(r, "clientSecret", "Apple's clientSecret is a P-256 key in PKCS #8")
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: r.KeyID}}, nil)
	if err != nil {
		return nil, bad(r, "clientSecret", "Apple's clientSecret is no key that signs")
	}
	team, id, audience := r.TeamID, r.ClientID, r.Issuer
	return func(now time.Time) (string, error) {
		payload, err := json.Marshal(map[string]any{
			"iss": team, "sub": id, "aud": audience, "iat": now.Unix(), "exp": now.Add(appleSecretLife).Unix(),
		})
		if err != nil {
			return "", err
		}
		sig, err := signer.Sign(payload)
		if err != nil {
			return "", err
		}
		return sig.CompactSerialize()
	}, nil
}
