package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxKeys    = 100
	leastRSA   = 2048
	signatures = "sig"
)

// asymmetric are the algorithms of which a public key proves something.
var asymmetric = []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA"}

// fetchKeys reads the provider's public keys; those that prove nothing are left out.
func (p *Provider) fetchKeys(ctx context.Context) ([]jose.JSONWebKey, error) {
	m, err := p.meta.get(ctx, false)
	if err != nil {
		return nil, err
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := p.get(ctx, m.Keys, "", &set); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeys {
		return nil, unreachable("the provider has more than 100 keys", nil)
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if json.Unmarshal(raw, &k) != nil || k.Use != "" && k.Use != signatures {
			continue
		}
		switch key := k.Key.(type) {
		case *rsa.PublicKey:
			if key.N.BitLen() < leastRSA {
				continue
			}
		case *ecdsa.PublicKey, ed25519.PublicKey:
		default:
			continue
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// keySet verifies signatures under the provider's keys, for go-oidc, which
// keeps the text of an error alone.
type keySet struct {
	p    *Provider
	away error // why there were no keys
}

var errSignature = errors.New("no key of the issuer verifies the signature")

// VerifySignature gives the payload of a token signed by the provider.
func (s *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	var algs []jose.SignatureAlgorithm
	for _, a := range s.p.algorithms() {
		algs = append(algs, jose.SignatureAlgorithm(a))
	}
	sig, err := jose.ParseSignedCompact(token, algs)
	if err != nil {
		return nil, errSignature
	}
	h := sig.Signatures[0].Protected
	for _, renew := range []bool{false, true} {
		keys, err := s.p.keys.get(ctx, renew)
		if err != nil {
			s.away = err
			return nil, err
		}
		for i := range keys {
			k := &keys[i]
			if h.KeyID != "" && k.KeyID != h.KeyID || k.Algorithm != "" && k.Algorithm != h.Algorithm {
				continue
			}
			if payload, err := sig.Verify(k.Key); err == nil {
				return payload, nil
			}
		}
	}
	return nil, errSignature
}
