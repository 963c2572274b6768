package data

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"time"
)

const cursorLife = 24 * time.Hour

// cursor seals and opens the places where pages of one query of one principal
// end: AES-GCM under a key all nodes share, valid 24 h.
type cursor struct {
	c *call
	q *Query
}

func (c *call) cursor(q *Query) cursor { return cursor{c, q} }

// binding is what a cursor is for: it opens for nothing else.
func (k cursor) binding() []byte {
	p, q := &k.c.p, *k.q
	q.Count = false // the first page may be counted and the next not
	return []byte(p.Kind.String() + "\x00" + p.UID + "\x00" + q.From + "\x00" + q.Canonical())
}

func newCursorKey(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(derivedKey(key, "cursor"))
	if err != nil { // a SHA-256 is a key
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil { // AES has blocks of 16
		panic(err)
	}
	return aead
}

func (k cursor) seal(m *Mark) string {
	aead := k.c.s.cursors
	plain := NewDoc(Elem{"t", Date(k.c.s.now())}, Elem{"id", String(m.ID)}, Elem{"v", Array(m.Values...)})
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, plain, k.binding()))
}

func (k cursor) open(s string) (*Mark, error) {
	bad := badField("after", "the cursor is not one of this query, or is older than 24 hours").
		WithHint("Start again without after.")
	aead := k.c.s.cursors
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < aead.NonceSize() {
		return nil, bad
	}
	plain, err := aead.Open(nil, b[:aead.NonceSize()], b[aead.NonceSize():], k.binding())
	if err != nil {
		return nil, bad
	}
	at := Field(plain, "t")
	if age := k.c.s.now().Sub(at.Time()); age < -time.Minute || age > cursorLife {
		return nil, bad
	}
	m := &Mark{ID: Text(Field(plain, "id"))}
	for v := range Elements(Field(plain, "v")) {
		m.Values = append(m.Values, v)
	}
	if len(m.Values) != len(k.q.OrderBy) {
		return nil, bad
	}
	return m, nil
}
