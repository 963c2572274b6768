package mongo

import (
	"encoding/hex"
	"strings"
)

// storeCollection holds what the store notes of itself.
const storeCollection = "_store"

const escape = '%'

// stored gives the name of a collection in the database: bytes outside
// [A-Za-z0-9_-] become %XX, as does the "s" of "system", which is MongoDB's own.
func stored(name string) string {
	if strings.HasPrefix(name, "system") {
		return "%73" + stored(name[1:])
	}
	plain := true
	for i := range len(name) {
		plain = plain && isPlain(name[i])
	}
	if plain {
		return name
	}
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; isPlain(c) {
			b.WriteByte(c)
		} else {
			b.WriteByte(escape)
			b.WriteString(hex.EncodeToString([]byte{c}))
		}
	}
	return b.String()
}

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// named is the inverse of stored; ok is false for a collection that no name of
// ours leads to.
func named(coll string) (name string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(coll); i++ {
		c := coll[i]
		if c == escape && i+2 < len(coll) {
			x, err := hex.DecodeString(coll[i+1 : i+3])
			if err != nil {
				return "", false
			}
			c, i = x[0], i+2
		}
		b.WriteByte(c)
	}
	name = b.String()
	return name, stored(name) == coll
}
