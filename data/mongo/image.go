package mongo

import (
	"bytes"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// foreignVersion is what a document counts as that another program wrote.
const foreignVersion = 1

// maxVersion is above all versions: what is not below it is another program's field.
const maxVersion = 1 << 53

// system is what the store stamps on a document.
type system struct{ version, created, updated int64 }

// shown gives a document of the database as the store hands it on: _id, _version,
// _createdAt, _updatedAt first. What Hutch wrote is that already; to a document of
// another program it adds _version. ok is false when the _id is no string: such
// documents are not seen.
func shown(d bson.Raw) (doc data.Doc, ok bool) {
	e, rest, ok := element(d, 4)
	if ok && e.Key() == data.FieldID && e.Value().Type == bson.TypeString {
		if v, _, ok := element(d, rest); ok && v.Key() == data.FieldVersion && isVersion(v.Value()) && !wasHeld(d) {
			return d, true
		}
	}
	id, ok := d.Lookup(data.FieldID).StringValueOK()
	if !ok {
		return nil, false
	}
	_, out := bsoncore.AppendDocumentStart(make([]byte, 0, len(d)+32))
	out = bsoncore.AppendStringElement(out, data.FieldID, id)
	out = bsoncore.AppendInt64Element(out, data.FieldVersion, max(versionOf(d), foreignVersion))
	for _, name := range []string{data.FieldCreated, data.FieldUpdated} {
		if v := d.Lookup(name); v.Type == bson.TypeDateTime {
			out = bsoncore.AppendDateTimeElement(out, name, v.DateTime())
		}
	}
	return finish(appendFields(out, d)), true
}

// versionOf is the _version of a document of the database; 0 when it has none of ours.
func versionOf(d bson.Raw) int64 {
	if d == nil {
		return 0
	}
	if v := d.Lookup(data.FieldVersion); isVersion(v) {
		return v.Int64()
	}
	return 0
}

func isVersion(v bson.RawValue) bool {
	return v.Type == bson.TypeInt64 && v.Int64() > foreignVersion && v.Int64() < maxVersion
}

// stamp gives next as it is stored: system fields first, then next's others in
// their order.
func stamp(next data.Doc, id string, y system) (bson.Raw, error) {
	if len(next) < 5 || next.Validate() != nil {
		return nil, hutch.Errorf(hutch.Internal, "a document's bytes are not well-formed")
	}
	if v := next.Lookup(data.FieldID); v.Type != 0 && data.Text(v) != id {
		return nil, hutch.Errorf(hutch.Internal, "a document's _id differs from its key")
	}
	_, out := bsoncore.AppendDocumentStart(make([]byte, 0, len(next)+len(id)+96))
	out = bsoncore.AppendStringElement(out, data.FieldID, id)
	out = bsoncore.AppendInt64Element(out, data.FieldVersion, y.version)
	out = bsoncore.AppendDateTimeElement(out, data.FieldCreated, y.created)
	out = bsoncore.AppendDateTimeElement(out, data.FieldUpdated, y.updated)
	return finish(appendFields(out, next)), nil
}

// appendFields appends the elements of d but the system's.
func appendFields(out []byte, d bson.Raw) []byte {
	for at := 4; ; {
		e, next, ok := element(d, at)
		if !ok {
			return out
		}
		if !isSystem(e.Key()) {
			out = append(out, e...)
		}
		at = next
	}
}

func isSystem(name string) bool {
	switch name {
	case data.FieldID, data.FieldVersion, data.FieldCreated, data.FieldUpdated, fieldLock:
		return true
	}
	return false
}

// fieldLock is written to a document that a commit holds and does not change;
// nobody sees it. The server puts a new field at the end, and the next change of
// the document leaves it out.
const fieldLock = "_lock"

// wasHeld reports whether d may end with fieldLock, an ObjectID.
func wasHeld(d bson.Raw) bool {
	const head, tail = "\x07" + fieldLock + "\x00", 12 + 1
	at := len(d) - len(head) - tail
	return at > 4 && string(d[at:at+len(head)]) == head
}

// sameFields reports whether two documents differ in system fields only.
func sameFields(a, b bson.Raw) bool {
	return bytes.Equal(appendFields(nil, a), appendFields(nil, b))
}

// finish closes a document that begins at the start of b.
func finish(b []byte) []byte {
	b, _ = bsoncore.AppendDocumentEnd(b, 0) // fails only for a start beyond b
	return b
}

// element reads the element of d that begins at, and where the next one does.
func element(d bson.Raw, at int) (e bson.RawElement, next int, ok bool) {
	if at >= len(d)-1 {
		return nil, at, false
	}
	el, rest, ok := bsoncore.ReadElement(d[at : len(d)-1])
	return bson.RawElement(el), len(d) - 1 - len(rest), ok
}
