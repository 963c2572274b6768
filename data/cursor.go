package data

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// CursorLife is how long a cursor of a page is good.
const CursorLife = 24 * time.Hour

const (
	cursorVersion = 1
	maxCursor     = 1 << 16 // characters; a mark's values are sent to and fro
)

// SealCursor gives a mark as text that says nothing of it: AES-GCM under a key
// made of key (32 bytes that all nodes share) and bind, what the cursor belongs
// to: collection, canonical query and principal.
func SealCursor(key []byte, bind string, m Mark, expires time.Time) (string, error) {
	aead, err := cursorCipher(key, bind)
	if err != nil {
		return "", hutch.Errorf(hutch.Internal, "sealing a cursor: %w", err)
	}
	out := make([]byte, 1+aead.NonceSize(), 128)
	out[0] = cursorVersion
	if _, err := rand.Read(out[1:]); err != nil {
		return "", hutch.Errorf(hutch.Internal, "sealing a cursor: %w", err)
	}
	plain := binary.BigEndian.AppendUint64(nil, uint64(expires.UnixMilli()))
	plain = appendBytes(plain, []byte(m.ID))
	for _, v := range m.Values {
		plain = appendBytes(append(plain, byte(v.Type)), v.Value)
	}
	out = aead.Seal(out, out[1:], plain, out[:1])
	return base64.RawURLEncoding.EncodeToString(out), nil
}

// OpenCursor gives the mark of a cursor; invalid_argument where it was not sealed
// under key and bind, or has expired.
func OpenCursor(key []byte, bind, cursor string, now time.Time) (Mark, error) {
	bad := invalid("after", "the cursor is not one of this query, or has expired")
	aead, err := cursorCipher(key, bind)
	if err != nil {
		return Mark{}, hutch.Errorf(hutch.Internal, "opening a cursor: %w", err)
	}
	if len(cursor) > maxCursor {
		return Mark{}, bad
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	head := 1 + aead.NonceSize()
	if err != nil || len(b) < head || b[0] != cursorVersion {
		return Mark{}, bad
	}
	plain, err := aead.Open(nil, b[1:head], b[head:], b[:1])
	if err != nil || len(plain) < 8 {
		return Mark{}, bad
	}
	expires := time.UnixMilli(int64(binary.BigEndian.Uint64(plain)))
	m, ok := parseMark(plain[8:])
	if !ok || !now.Before(expires) {
		return Mark{}, bad
	}
	return m, nil
}

func cursorCipher(key []byte, bind string) (cipher.AEAD, error) {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("cursor\x00"))
	mac.Write([]byte(bind))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func parseMark(b []byte) (m Mark, ok bool) {
	next := func() []byte {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			ok = false
			return nil
		}
		out := b[w : w+int(n)]
		b = b[w+int(n):]
		return out
	}
	ok = true
	m.ID = string(next())
	for ok && len(b) > 0 {
		t := bson.Type(b[0])
		b = b[1:]
		m.Values = append(m.Values, Value{Type: t, Value: next()})
	}
	return m, ok
}
