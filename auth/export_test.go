package auth

import (
	"context"
	"crypto/x509"
	"io"

	"github.com/go-jose/go-jose/v4"
)

// What tests of the package's outside need of its inside.

var ParsePHC = parsePHC

func CheapHasher(entropy io.Reader, o HasherOptions) (Hasher, error) {
	o.Params, o.Entropy = Params{Memory: 8, Time: 1, Threads: 1}, entropy
	return newHasher(o)
}

func HashWork(in []byte) ([]byte, error) { return hashWork(in) }

func EmailKey(s string) (string, error) {
	e, err := parseEmail(s)
	return e.key, err
}

func ParseKey(s string) (scope, id string, ok bool) {
	k, ok := parseKey(s)
	return k.scope, k.id, ok
}

func ExactNumber(s string) bool { return exactNumber(s) }

func Claims(app []byte) ([]byte, []string) { return claimsOf(app) }

func (s *Service) Remembered() int { return s.cache.len() }

func (s *Service) Sweep(ctx context.Context) error { return s.sweep(ctx) }

func (s *Service) ParseRefresh(t string) bool {
	_, ok := parseRefresh(s.keys.Load().refresh, t)
	return ok
}

func (s *Service) GuessRefresh(session string, entropy io.Reader) string {
	t, err := firstRefresh(make([]byte, 32), session, entropy)
	if err != nil {
		panic(err)
	}
	return t.String()
}

// SignAs signs with another type than ours.
func (s *Service) SignAs(typ string, payload []byte) string {
	key := s.keys.Load().signs(s.o.Now())
	secret, err := s.seal.open(colSigning+"/"+key.kid, key.doc.Sealed)
	if err != nil {
		panic(err)
	}
	private, err := x509.ParsePKCS8PrivateKey(secret)
	if err != nil {
		panic(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: key.kid}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		panic(err)
	}
	sig, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	t, err := sig.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return t
}

// Sign signs any payload with the key that signs now.
func (s *Service) Sign(payload []byte) string {
	sig, err := s.keys.Load().signs(s.o.Now()).signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	t, err := sig.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return t
}

func CheckHash(s string) error {
	_, err := parseHash(s)
	return err
}

// LookAt bounds a search.
func (s *Service) LookAt(users int) { s.looks = users }

// SeenOn reports whether a device's mark is good for a user now.
func (s *Service) SeenOn(user, mark string) bool {
	u, err := load[userDoc](context.Background(), s.o.System, colUsers, user)
	return err == nil && u != nil && s.seenOn(u, mark, s.o.Now())
}
