package mongo

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// kind of an event.
type kind uint8

const (
	kindOther kind = iota
	kindInsert
	kindUpdate // or replace
	kindDelete
	kindDrop
	kindRename
	kindDropDatabase
	kindInvalidate
)

// event is one event of the change stream; its bytes are those of the answer.
type event struct {
	kind          kind
	at            instant
	wall          int64 // milliseconds since 1970; 0: not told
	coll, to      []byte
	id            []byte // nil: it is no string
	before, after bson.Raw
	txn           bool
}

// readEvent walks an event once. It gives false for what is no event.
func readEvent(d []byte) (e event, ok bool) {
	rest, ok := body(d)
	for ok && len(rest) > 0 {
		var key []byte
		var v bsoncore.Value
		if key, v, rest, ok = nextElement(rest); !ok {
			break
		}
		switch string(key) {
		case "operationType":
			e.kind = kindOf(text(v))
		case "clusterTime":
			if t, i, is := v.TimestampOK(); is {
				e.at = instantOf(bson.Timestamp{T: t, I: i})
			}
		case "wallTime":
			if v.Type == bsoncore.TypeDateTime {
				e.wall, _ = v.DateTimeOK()
			}
		case "ns":
			e.coll = text(subfield(v, "coll"))
		case "to":
			e.to = text(subfield(v, "coll"))
		case "documentKey":
			e.id = text(subfield(v, "_id"))
		case "fullDocument":
			e.after = embedded(v)
		case "fullDocumentBeforeChange":
			e.before = embedded(v)
		case "txnNumber":
			e.txn = true
		}
	}
	return e, ok && e.at != 0 && e.kind != kindOther
}

func kindOf(op []byte) kind {
	switch string(op) {
	case "insert":
		return kindInsert
	case "update", "replace":
		return kindUpdate
	case "delete":
		return kindDelete
	case "drop":
		return kindDrop
	case "rename":
		return kindRename
	case "dropDatabase":
		return kindDropDatabase
	case "invalidate":
		return kindInvalidate
	}
	return kindOther
}

// body is what lies between a document's length and its end.
func body(d []byte) ([]byte, bool) {
	if len(d) < 5 {
		return nil, false
	}
	if n := int64(int32(binary.LittleEndian.Uint32(d))); n != int64(len(d)) || d[len(d)-1] != 0 {
		return nil, false
	}
	return d[4 : len(d)-1], true
}

// nextElement reads the element at the start of b.
func nextElement(b []byte) (key []byte, v bsoncore.Value, rest []byte, ok bool) {
	end := bytes.IndexByte(b[1:], 0)
	if end < 0 {
		return nil, v, nil, false
	}
	v, rest, ok = bsoncore.ReadValue(b[end+2:], bsoncore.Type(b[0]))
	return b[1 : end+1], v, rest, ok
}

// nextEvent reads the next document of an array; first: b is the whole array.
func nextEvent(b []byte, first bool) (ev, rest []byte, ok bool) {
	if first {
		if b, ok = body(b); !ok {
			return nil, nil, false
		}
	}
	if len(b) == 0 {
		return nil, nil, false
	}
	_, v, rest, ok := nextElement(b)
	return v.Data, rest, ok && v.Type == bsoncore.TypeEmbeddedDocument
}

// text is the bytes of a string, not nil; nil of what is none.
func text(v bsoncore.Value) []byte {
	if v.Type != bsoncore.TypeString || len(v.Data) < 5 {
		return nil
	}
	return v.Data[4 : len(v.Data)-1]
}

// embedded is an embedded document, or nil.
func embedded(v bsoncore.Value) bson.Raw {
	if v.Type != bsoncore.TypeEmbeddedDocument {
		return nil
	}
	if _, ok := body(v.Data); !ok {
		return nil
	}
	return v.Data
}

// subfield is a field of an embedded document; its zero when there is none.
func subfield(v bsoncore.Value, name string) bsoncore.Value {
	rest, ok := body(embedded(v))
	for ok && len(rest) > 0 {
		var key []byte
		if key, v, rest, ok = nextElement(rest); ok && string(key) == name {
			return v
		}
	}
	return bsoncore.Value{}
}

// tokenInstant reads the cluster time of a resume token: after its type byte,
// 130, the token holds it as eight bytes in hex.
func tokenInstant(v bson.RawValue) (instant, bool) {
	d, _ := v.DocumentOK()
	s, _ := d.Lookup("_data").StringValueOK()
	if len(s) < 18 || s[:2] != "82" {
		return 0, false
	}
	b, err := hex.DecodeString(s[2:18])
	if err != nil {
		return 0, false
	}
	return instant(binary.BigEndian.Uint64(b)), true
}

func (i instant) time() time.Time { return time.Unix(int64(i>>32), 0) }
