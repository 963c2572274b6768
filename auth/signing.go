package auth

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hutch-dev/hutch/data"
)

const (
	refreshKeyID = "refresh"
	rotateEvery  = 90 * 24 * time.Hour
	publishLead  = 24 * time.Hour // a key stands in JWKS so long before it signs
	clockSlack   = time.Minute    // between nodes
	tokenType    = "at+jwt"       // RFC 9068
)

// signingKey is one key of the set; kid fixes the algorithm, ES256.
type signingKey struct {
	kid       string
	public    *ecdsa.PublicKey
	signer    jose.Signer
	signsFrom time.Time
	ends      time.Time // its last token has ended; zero: no successor yet
	doc       *signingDoc
}

// keySet is what _signing holds, ordered by signsFrom; never changed once made.
type keySet struct {
	keys    []*signingKey
	byKid   map[string]*signingKey
	refresh []byte
}

// signs gives the key that signs at now.
func (k *keySet) signs(now time.Time) *signingKey {
	for _, key := range slices.Backward(k.keys) {
		if !now.Before(key.signsFrom) {
			return key
		}
	}
	return k.keys[0]
}

// verifies gives the key of a kid while tokens of it may live.
func (k *keySet) verifies(kid string, now time.Time) *signingKey {
	key := k.byKid[kid]
	if key == nil || !key.ends.IsZero() && !now.Before(key.ends) {
		return nil
	}
	return key
}

// jwks is the public half.
func (k *keySet) jwks(now time.Time) jose.JSONWebKeySet {
	out := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, key := range k.keys {
		if k.verifies(key.kid, now) != nil {
			out.Keys = append(out.Keys, jose.JSONWebKey{Key: key.public, KeyID: key.kid, Algorithm: string(jose.ES256), Use: "sig"})
		}
	}
	return out
}

// readKeys opens all of _signing; the set has no keys in a new store.
func (s *Service) readKeys(ctx context.Context) (*keySet, error) {
	set := &keySet{byKid: map[string]*signingKey{}}
	docs := map[string]*signingDoc{}
	for raw, err := range s.o.System.Find(ctx, data.Query{From: colSigning, Limit: 1000}) {
		if err != nil {
			return nil, fmt.Errorf("reading the signing keys: %w", err)
		}
		d, err := decode[signingDoc](raw)
		if err != nil {
			return nil, err
		}
		secret, err := s.seal.open(colSigning+"/"+d.ID, d.Sealed)
		if err != nil {
			return nil, fmt.Errorf("opening signing key %s: %w", d.ID, err)
		}
		if d.ID == refreshKeyID {
			set.refresh = secret
			continue
		}
		key, err := newSigningKey(d, secret)
		if err != nil {
			return nil, fmt.Errorf("reading signing key %s: %w", d.ID, err)
		}
		docs[d.ID] = d
		set.byKid[d.ID] = key
		set.keys = append(set.keys, key)
	}
	slices.SortFunc(set.keys, func(a, b *signingKey) int {
		return cmp.Or(a.signsFrom.Compare(b.signsFrom), cmp.Compare(a.kid, b.kid))
	})
	for i, key := range set.keys[:max(len(set.keys)-1, 0)] {
		life := time.Duration(docs[key.kid].Life) * time.Second
		key.ends = set.keys[i+1].signsFrom.Add(life + clockSlack)
	}
	return set, nil
}

func newSigningKey(d *signingDoc, der []byte) (*signingKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, fmt.Errorf("not a P-256 key")
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: d.ID}},
		(&jose.SignerOptions{}).WithType(tokenType))
	if err != nil {
		return nil, err
	}
	return &signingKey{kid: d.ID, public: &private.PublicKey, signer: signer, signsFrom: d.SignsFrom, doc: d}, nil
}

// makeKey makes a sealed signing key.
func (s *Service) makeKey(now, signsFrom time.Time) (*signingDoc, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	jwk := jose.JSONWebKey{Key: &private.PublicKey}
	thumb, err := jwk.Thumbprint(crypto.SHA256) // RFC 7638
	if err != nil {
		return nil, err
	}
	d := &signingDoc{
		ID: base64.RawURLEncoding.EncodeToString(thumb), SignsFrom: signsFrom,
		Life: int64(s.o.Lifetimes.Access / time.Second), Created: now,
	}
	d.Sealed, err = s.seal.seal(colSigning+"/"+d.ID, der)
	return d, err
}
