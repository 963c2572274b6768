package pebble

import (
	"bytes"
	"encoding/binary"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// A stored document begins with its system fields, in one order and of fixed
// width but for the id: {_id, _version, _createdAt, _updatedAt, ...}.
const (
	versionAt = 4 + len("x_id_") + 4 + 1 + len("x_version_") // from the start, less the id
	createdAt = versionAt + 8 + len("x_createdAt_")
	updatedAt = createdAt + 8 + len("x_updatedAt_")
	fieldsAt  = updatedAt + 8
)

const (
	typeDouble   = 0x01
	typeString   = 0x02
	typeObject   = 0x03
	typeArray    = 0x04
	typeBinary   = 0x05
	typeObjectID = 0x07
	typeBool     = 0x08
	typeDate     = 0x09
	typeNull     = 0x0a
	typeInt32    = 0x10
	typeInt64    = 0x12
	typeDecimal  = 0x13
)

var errNoDoc = hutch.Errorf(hutch.Internal, "a document's bytes are not well-formed")

// elem is one element of a document: d[start:end], its name and its value.
type elem struct {
	start, end int
	name, val  []byte
	typ        byte
}

// element reads the element of d at i; ok is false at the end and on bytes that
// are no element.
func element(d []byte, i int) (e elem, ok bool) {
	if i >= len(d)-1 {
		return e, false
	}
	n := bytes.IndexByte(d[i+1:], 0)
	if n < 0 {
		return e, false
	}
	at := i + 1 + n + 1
	w := width(d[i], d[at:])
	if w < 0 || at+w > len(d)-1 {
		return e, false
	}
	return elem{i, at + w, d[i+1 : i+1+n], d[at : at+w], d[i]}, true
}

func width(typ byte, b []byte) int {
	switch typ {
	case typeDouble, typeDate, typeInt64:
		return 8
	case typeInt32:
		return 4
	case typeBool:
		return 1
	case typeNull:
		return 0
	case typeObjectID:
		return 12
	case typeDecimal:
		return 16
	case typeString, typeObject, typeArray, typeBinary:
		if len(b) < 4 {
			return -1
		}
		n := size(b)
		switch typ {
		case typeString:
			n += 4
		case typeBinary:
			n += 5
		}
		if n < 5 {
			return -1
		}
		return n
	}
	return -1
}

// stamp gives next as a stored document: system fields first, then next's
// others in their order.
func stamp(next data.Doc, id string, version, created, updated int64) (data.Doc, error) {
	if len(next) < 5 || size(next) != len(next) || next[len(next)-1] != 0 {
		return nil, errNoDoc
	}
	d := make([]byte, 4, fieldsAt+len(id)+len(next))
	d = appendString(d, data.FieldID, id)
	d = appendInt64(d, typeInt64, data.FieldVersion, version)
	d = appendInt64(d, typeDate, data.FieldCreated, created)
	d = appendInt64(d, typeDate, data.FieldUpdated, updated)
	from, i := 4, 4 // next[from:i] waits to be copied
	for {
		e, ok := element(next, i)
		if !ok {
			break
		}
		if isSystem(e.name) {
			if string(e.name) == data.FieldID && (e.typ != typeString || string(e.val[4:len(e.val)-1]) != id) {
				return nil, hutch.Errorf(hutch.Internal, "a document's _id differs from its key")
			}
			d = append(d, next[from:i]...)
			from = e.end
		}
		i = e.end
	}
	if i != len(next)-1 {
		return nil, errNoDoc
	}
	d = append(d, next[from:i]...)
	return closeDoc(d, 0), nil
}

func isSystem(name []byte) bool {
	if len(name) == 0 || name[0] != '_' {
		return false
	}
	switch string(name) {
	case data.FieldID, data.FieldVersion, data.FieldCreated, data.FieldUpdated:
		return true
	}
	return false
}

// sameFields reports whether two stored documents differ in system fields only.
func sameFields(a, b data.Doc, id string) bool {
	n := fieldsAt + len(id)
	return bytes.Equal(a[n:], b[n:])
}

func version(d data.Doc, id string) int64 {
	if d == nil {
		return 0
	}
	return integer(d[versionAt+len(id):])
}

func setVersion(d data.Doc, id string, v uint64) {
	binary.LittleEndian.PutUint64(d[versionAt+len(id):], v)
}

func created(d data.Doc, id string) int64 {
	return integer(d[createdAt+len(id):])
}

// stored checks that bytes read from the engine are a document of ours.
func stored(d []byte, id string) bool {
	n := fieldsAt + len(id)
	return len(d) > n && size(d) == len(d) &&
		string(d[versionAt+len(id)-len("_version\x00"):versionAt+len(id)]) == "_version\x00"
}

func appendString(d []byte, name, s string) []byte {
	d = appendName(d, typeString, name)
	d = binary.LittleEndian.AppendUint32(d, uint32(len(s)+1))
	return append(append(d, s...), 0)
}

func appendInt64(d []byte, typ byte, name string, n int64) []byte {
	return binary.LittleEndian.AppendUint64(appendName(d, typ, name), uint64(n))
}

func appendDoc(d []byte, name string, v data.Doc) []byte {
	return append(appendName(d, typeObject, name), v...)
}

func appendName(d []byte, typ byte, name string) []byte {
	return append(append(append(d, typ), name...), 0)
}

func openDoc(d []byte) ([]byte, int) { return append(d, 0, 0, 0, 0), len(d) }

func closeDoc(d []byte, at int) []byte {
	d = append(d, 0)
	binary.LittleEndian.PutUint32(d[at:], uint32(len(d)-at))
	return d
}

// size is the length that a BSON value begins with.
func size(b []byte) int { return int(int32(binary.LittleEndian.Uint32(b))) }

// integer is a BSON int64 or date.
func integer(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) }
