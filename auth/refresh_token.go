package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"io"

	"github.com/google/uuid"
)

// A refresh token is base64url of the session's id, the count of refreshes
// before it, a secret (random at first, then an HMAC of the hash of the token before) and a
// tag that proves that we made it: so a spent token is known from a guessed one,
// and a guess costs no read.
const (
	refreshGen    = 16
	refreshSecret = refreshGen + 4
	refreshTag    = refreshSecret + 32
	refreshBytes  = refreshTag + 16
)

type refreshToken [refreshBytes]byte

func (t refreshToken) String() string { return base64.RawURLEncoding.EncodeToString(t[:]) }

func (t refreshToken) hash() []byte {
	sum := sha256.Sum256(t[:])
	return sum[:]
}

func (t refreshToken) session() string { return uuid.UUID(t[:refreshGen]).String() }

// firstRefresh begins the chain of a session.
func firstRefresh(key []byte, session string, entropy io.Reader) (refreshToken, error) {
	var t refreshToken
	id, err := uuid.Parse(session)
	if err != nil {
		return t, err
	}
	copy(t[:], id[:])
	if _, err := io.ReadFull(entropy, t[refreshSecret:refreshTag]); err != nil {
		return t, err
	}
	t.sign(key)
	return t, nil
}

// successor is the one token that follows t.
func (t refreshToken) successor(key []byte) refreshToken {
	return follow([refreshGen]byte(t[:refreshGen]), binary.BigEndian.Uint32(t[refreshGen:]), t.hash(), key)
}

// follow makes the successor of a token from what is stored of it.
func follow(session [refreshGen]byte, gen uint32, hash, key []byte) refreshToken {
	var n refreshToken
	copy(n[:], session[:])
	binary.BigEndian.PutUint32(n[refreshGen:], gen+1)
	copy(n[refreshSecret:], mac(key, "refresh successor", hash))
	n.sign(key)
	return n
}

// successorOf is successor for who has the session and not its token.
func (d *sessionDoc) successorOf(key []byte) (refreshToken, error) {
	id, err := uuid.Parse(d.ID)
	return follow(id, uint32(d.Gen), d.Current, key), err
}

func (t *refreshToken) sign(key []byte) {
	copy(t[refreshTag:], mac(key, "refresh tag", t[:refreshTag]))
}

// parseRefresh takes only what sign has signed, in its one spelling.
func parseRefresh(key []byte, s string) (t refreshToken, ok bool) {
	if len(s) != base64.RawURLEncoding.EncodedLen(refreshBytes) {
		return t, false
	}
	for i := range len(s) { // the decoder would skip line ends
		if s[i] == '\n' || s[i] == '\r' {
			return t, false
		}
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(t[:], []byte(s)); err != nil {
		return t, false
	}
	want := mac(key, "refresh tag", t[:refreshTag])[:refreshBytes-refreshTag]
	return t, hmac.Equal(want, t[refreshTag:])
}
