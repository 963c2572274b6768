package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/big"
	"time"

	"github.com/google/uuid"
)

// newID makes a UUIDv7 (RFC 9562) of the given clock and entropy.
func newID(now time.Time, entropy io.Reader) (string, error) {
	var u uuid.UUID
	if _, err := io.ReadFull(entropy, u[6:]); err != nil {
		return "", err
	}
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return u.String(), nil
}

// base62 writes b as a number of fixed width; 32 bytes are 43 digits.
func base62(b []byte) string {
	const perByte = 1.3436 // log 256 / log 62
	out := make([]byte, int(float64(len(b))*perByte)+1)
	s := new(big.Int).SetBytes(b).Text(62)
	for i := range out {
		out[i] = '0'
	}
	copy(out[len(out)-len(s):], s)
	return string(out)
}

func isBase62(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return s != ""
}

func random(entropy io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(entropy, b)
	return b, err
}

// identityID is the _id of an e-mail's document in _identities: unique per key,
// bounded, and no address in ids.
func identityID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "email:" + hex.EncodeToString(sum[:])
}

// len62 is the length of base62 for n bytes.
func len62(n int) int { return len(base62(make([]byte, n))) }

// unbase62 gives the n bytes of a number that base62 wrote, as hex.
func unbase62(s string, n int) (string, bool) {
	v, ok := new(big.Int).SetString(s, 62)
	if !ok || v.BitLen() > 8*n {
		return "", false
	}
	return hex.EncodeToString(v.FillBytes(make([]byte, n))), true
}
