package data

import (
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// versionOf is the _version of a stored document, 0 of none.
func versionOf(d Doc) int64 {
	if d == nil {
		return 0
	}
	v, ok := fieldOf(d, FieldVersion)
	if !ok || v.Type != bson.TypeInt64 && v.Type != bson.TypeInt32 {
		return 0
	}
	return intOf(v)
}

// idOf is the _id of a document.
func idOf(d Doc) string {
	v, _ := fieldOf(d, FieldID)
	return Text(v)
}

// withID gives the app's fields of d behind _id; fields of the system are left out.
func withID(id string, d Doc) Doc {
	out := startDoc(make([]byte, 0, len(d)+len(id)+24))
	out = appendElem(out, FieldID, String(id))
	if len(d) > 0 {
		for e := walk(d); e.next(); {
			if len(e.key) == 0 || e.key[0] != '_' {
				out = appendElem(out, e.key, e.v)
			}
		}
	}
	return endDoc(out, 0)
}

// bareDoc is {_id, _version}: what a writer sees of a document he may not get.
func bareDoc(id string, version int64) Doc {
	return NewDoc(Elem{FieldID, String(id)}, Elem{FieldVersion, Int64(version)})
}

// stamped gives next, which is not committed yet, the dates that rules on a
// later write of the same commit may ask for; it has no _version.
func stamped(next, old Doc, now time.Time) Doc {
	if next == nil {
		return nil
	}
	created := Date(now)
	if old != nil {
		if v, ok := fieldOf(old, FieldCreated); ok {
			created = v
		}
	}
	return With(next, Elem{FieldCreated, created}, Elem{FieldUpdated, Date(now)})
}

// checkShape refuses a document to be stored that is too large or too deep, or
// has a field name that documents may not have.
func checkShape(d Doc, l *Limits) error {
	if len(d) > l.DocBytes {
		return hutch.Errorf(hutch.InvalidArgument, "the document is larger than %d bytes", l.DocBytes)
	}
	return checkNames(d, 1, l.DocDepth, true)
}

func checkNames(d []byte, depth, most int, named bool) error {
	if depth > most {
		return hutch.Errorf(hutch.InvalidArgument, "the document is nested deeper than %d", most)
	}
	for e := walk(d); e.next(); {
		if named {
			if why := badName(e.key, depth); why != "" {
				return badField(string(e.key), why)
			}
		}
		if e.v.Type != bson.TypeEmbeddedDocument && e.v.Type != bson.TypeArray {
			continue
		}
		if err := checkNames(e.v.Value, depth+1, most, e.v.Type == bson.TypeEmbeddedDocument); err != nil {
			at := string(e.key)
			if !named {
				at = "[" + at + "]"
			}
			return hutch.AsError(err).At(at)
		}
	}
	return nil
}

func badName(name []byte, depth int) string {
	switch {
	case len(name) == 0:
		return "a field name is empty"
	case name[0] == '$':
		return "a field name begins with $"
	case depth == 1 && name[0] == '_' && string(name) != FieldID:
		return "names that begin with _ are the system's"
	}
	if slices.Contains(name, '.') {
		return "a field name contains a dot"
	}
	return ""
}
