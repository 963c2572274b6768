package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

const sealVersion = 1

// sealer seals secrets of the store with the master key: AES-256-GCM under a
// key derived for this purpose, bound to the document that holds the secret.
type sealer struct {
	aead    cipher.AEAD
	entropy io.Reader
}

func newSealer(master [32]byte, entropy io.Reader) (*sealer, error) {
	key, err := hkdf.Key(sha256.New, master[:], nil, "hutch auth seal", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &sealer{aead: aead, entropy: entropy}, nil
}

// seal gives version, nonce and sealed text in one.
func (s *sealer) seal(place string, secret []byte) ([]byte, error) {
	out := make([]byte, 1+s.aead.NonceSize(), 1+s.aead.NonceSize()+len(secret)+s.aead.Overhead())
	out[0] = sealVersion
	if _, err := io.ReadFull(s.entropy, out[1:]); err != nil {
		return nil, fmt.Errorf("reading entropy: %w", err)
	}
	return s.aead.Seal(out, out[1:], secret, []byte(place)), nil
}

// ErrMasterKey says that what is stored was sealed with another master key.
var ErrMasterKey = errors.New("the master key does not open the seal")

func (s *sealer) open(place string, sealed []byte) ([]byte, error) {
	n := 1 + s.aead.NonceSize()
	if len(sealed) < n || sealed[0] != sealVersion {
		return nil, ErrMasterKey
	}
	secret, err := s.aead.Open(nil, sealed[1:n], sealed[n:], []byte(place))
	if err != nil {
		return nil, ErrMasterKey
	}
	return secret, nil
}

// mac is HMAC-SHA-256 of parts under a purpose; the parts have fixed lengths or
// there is one.
func mac(key []byte, purpose string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}
