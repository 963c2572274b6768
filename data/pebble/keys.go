package pebble

import (
	"encoding/binary"
	"strconv"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// The first byte of a key.
const (
	spaceDoc   = 'd'
	spaceIndex = 'i'
	spaceClaim = 'u'
	spaceLog   = 'l'
	spaceMeta  = 'm'
)

const tagLen = 5 // space and number, before ids and values

func appendTag(dst []byte, space byte, num uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, space), num)
}

func appendDocKey(dst []byte, coll uint32, id string) []byte {
	return append(appendTag(dst, spaceDoc, coll), id...)
}

func appendLogKey(dst []byte, pos uint64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, spaceLog), pos)
}

func logPos(key []byte) uint64 { return binary.BigEndian.Uint64(key[1:]) }

// span gives the bounds of all keys under a tag.
func span(space byte, num uint32) (lo, hi []byte) {
	lo = appendTag(nil, space, num)
	if num == 1<<32-1 {
		return lo, []byte{space + 1}
	}
	return lo, appendTag(nil, space, num+1)
}

func metaKey(kind byte, name string) []byte {
	return append([]byte{spaceMeta, kind}, name...)
}

// maxPosition bounds positions, as they are versions too.
const maxPosition = 1<<53 - 1

func formatPosition(p uint64) data.Position {
	if p == 0 {
		return ""
	}
	const digits = "0123456789abcdef"
	var b [16]byte
	for i := range b {
		b[15-i] = digits[p&15]
		p >>= 4
	}
	return data.Position(b[:])
}

func parsePosition(p data.Position) (uint64, error) {
	if p == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(string(p), 16, 64)
	if err != nil || len(p) != 16 || formatPosition(n) != p {
		return 0, hutch.Errorf(hutch.InvalidArgument, "a position is 16 lower-case hex digits")
	}
	return n, nil
}
