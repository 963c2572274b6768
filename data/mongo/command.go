package mongo

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

const (
	idIndex     = "_id_"
	maxCommand  = 15 << 20 // bytes of documents in one command, whose limit is 16 MiB
	elementRoom = 16       // bytes of an array element about its value
)

// operation is a write command on one collection.
type operation struct {
	verb, list string
	coll       string
	ims        []*image
	element    func(dst []byte, im *image) []byte
}

// ops are the commands of a group in the order they go out. What frees a value
// goes before what may take it.
func (g *group) ops() (out []operation) {
	var ims []*image
	own := map[string]bool{} // collections in which a batch writes, not only rows
	for _, im := range g.imgs {
		if !im.changed() || im.base == nil && im.cur == nil {
			continue
		}
		ims = append(ims, im)
		own[im.coll] = own[im.coll] || im.own
	}
	slices.SortFunc(ims, func(a, b *image) int {
		if o := own[a.coll]; o != own[b.coll] {
			if o {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(a.coll, b.coll), strings.Compare(a.id, b.id))
	})
	out = g.holds(out)
	for len(ims) > 0 {
		n := 1
		for n < len(ims) && ims[n].coll == ims[0].coll {
			n++
		}
		out = g.collectionOps(out, ims[:n])
		ims = ims[n:]
	}
	return out
}

// holds writes to the documents that batches have locked and none changes, so
// that of two commits that hold one document the later one meets the earlier.
func (g *group) holds(out []operation) []operation {
	var ims []*image
	for _, p := range g.ps {
		if p.state != statePassed {
			continue
		}
		for i := range p.b.Checks {
			c := &p.b.Checks[i]
			if im := g.imgs[docID{c.Collection, c.ID}]; c.Lock && im.base != nil && !im.changed() && !slices.Contains(ims, im) {
				ims = append(ims, im)
			}
		}
	}
	slices.SortFunc(ims, func(a, b *image) int {
		return cmp.Or(strings.Compare(a.coll, b.coll), strings.Compare(a.id, b.id))
	})
	for _, im := range ims {
		if n := len(out); n > 0 && out[n-1].coll == stored(im.coll) {
			out[n-1].ims = append(out[n-1].ims, im)
		} else {
			out = append(out, operation{"update", "updates", stored(im.coll), []*image{im}, appendHold})
		}
	}
	return out
}

func appendHold(dst []byte, im *image) []byte {
	at, dst := bsoncore.AppendDocumentStart(dst)
	dst = bsoncore.AppendDocumentElement(dst, "q", bsoncore.Document(guard(im)))
	set := bsoncore.BuildDocument(nil, bsoncore.AppendObjectIDElement(nil, fieldLock, bson.NewObjectID()))
	dst = bsoncore.AppendDocumentElement(dst, "u", bsoncore.BuildDocument(nil, bsoncore.AppendDocumentElement(nil, "$set", set)))
	dst, _ = bsoncore.AppendDocumentEnd(dst, at)
	return dst
}

func (g *group) collectionOps(out []operation, ims []*image) []operation {
	var del, upd, ins []*image
	for _, im := range ims {
		switch {
		case im.base == nil:
			ins = append(ins, im)
		case im.cur == nil:
			del = append(del, im)
		case g.moves[im.coll]:
			del, ins = append(del, im), append(ins, im)
		default:
			upd = append(upd, im)
		}
	}
	coll := stored(ims[0].coll)
	for _, o := range []operation{
		{"delete", "deletes", coll, del, appendDelete},
		{"update", "updates", coll, upd, appendUpdate},
		{"insert", "documents", coll, ins, appendInsert},
	} {
		for len(o.ims) > 0 {
			n, size := 0, 0
			for n < len(o.ims) && (n == 0 || size+o.ims[n].sent() <= maxCommand) {
				size += o.ims[n].sent() + elementRoom
				n++
			}
			part := o
			part.ims, o.ims = o.ims[:n], o.ims[n:]
			out = append(out, part)
		}
	}
	return out
}

// sent is how many bytes a command has of a document: the new one, and the whole
// old one where that is its guard.
func (im *image) sent() int {
	n := len(im.cur)
	if im.base != nil && im.guardVersion() == 0 {
		n += len(im.base)
	}
	return n
}

func (o *operation) run(sc context.Context, db *mongo.Database) error {
	size := 128
	for _, im := range o.ims {
		size += im.sent() + len(im.id) + 128
	}
	at, b := bsoncore.AppendDocumentStart(make([]byte, 0, size))
	b = bsoncore.AppendStringElement(b, o.verb, o.coll)
	arr, b := bsoncore.AppendArrayElementStart(b, o.list)
	for i, im := range o.ims {
		b = bsoncore.AppendHeader(b, bsoncore.TypeEmbeddedDocument, strconv.Itoa(i))
		b = o.element(b, im)
	}
	b, _ = bsoncore.AppendArrayEnd(b, arr) // ends fail only for starts beyond b
	b, _ = bsoncore.AppendDocumentEnd(b, at)
	r, err := db.RunCommand(sc, bson.Raw(b)).Raw()
	if we := r.Lookup("writeErrors", "0"); we.Type == bson.TypeEmbeddedDocument {
		err = o.refused(we.Document())
	}
	if err != nil {
		return err
	}
	if n, _ := r.Lookup("n").AsInt64OK(); int(n) != len(o.ims) {
		return errConflict
	}
	return nil
}

// refused reads the error of one element.
func (o *operation) refused(we bson.Raw) error {
	code, _ := we.Lookup("code").AsInt64OK()
	text, _ := we.Lookup("errmsg").StringValueOK()
	err := mongo.CommandError{Code: int32(code), Message: text}
	if code != codeDuplicate {
		return err
	}
	dup := &duplicateError{index: indexOf(text), err: err}
	if i, ok := we.Lookup("index").AsInt64OK(); ok && int(i) < len(o.ims) {
		dup.im = o.ims[i]
	}
	return dup
}

// duplicateError says that a document of the batch has an id or a value that is taken.
type duplicateError struct {
	im    *image
	index string // MongoDB's name
	err   error
}

func (e *duplicateError) Error() string { return e.err.Error() }
func (e *duplicateError) Unwrap() error { return e.err }

// indexOf reads the name of the index out of the server's text:
// "... collection: db.pets index: hutch unique:chip:1 dup key: { chip: 1 }".
func indexOf(text string) string {
	_, rest, _ := strings.Cut(text, " index: ")
	name, _, ok := strings.Cut(rest, " dup key: ")
	if !ok {
		return ""
	}
	return name
}

func appendInsert(b []byte, im *image) []byte { return append(b, im.cur...) }

func appendUpdate(b []byte, im *image) []byte {
	at, b := bsoncore.AppendDocumentStart(b)
	b = appendGuard(bsoncore.AppendHeader(b, bsoncore.TypeEmbeddedDocument, "q"), im)
	b = bsoncore.AppendDocumentElement(b, "u", bsoncore.Document(im.cur))
	b, _ = bsoncore.AppendDocumentEnd(b, at)
	return b
}

func appendDelete(b []byte, im *image) []byte {
	at, b := bsoncore.AppendDocumentStart(b)
	b = appendGuard(bsoncore.AppendHeader(b, bsoncore.TypeEmbeddedDocument, "q"), im)
	b = bsoncore.AppendInt32Element(b, "limit", 1)
	b, _ = bsoncore.AppendDocumentEnd(b, at)
	return b
}

// guard is the filter that finds the document as it was read.
func guard(im *image) bson.Raw { return appendGuard(make([]byte, 0, len(im.id)+64), im) }

// guardVersion is the version that proves the image; 0: only all of it does.
func (im *image) guardVersion() int64 {
	if im.whole {
		return 0
	}
	return versionOf(im.base)
}

func appendGuard(b []byte, im *image) []byte {
	at, b := bsoncore.AppendDocumentStart(b)
	b = bsoncore.AppendStringElement(b, "_id", im.id)
	if v := im.guardVersion(); v != 0 {
		b = bsoncore.AppendInt64Element(b, "_version", v)
	} else { // another program's: it has no version, all of it is compared
		expr, c := bsoncore.AppendDocumentElementStart(b, "$expr")
		eq, c := bsoncore.AppendArrayElementStart(c, "$eq")
		c = bsoncore.AppendStringElement(c, "0", "$$ROOT")
		lit, c := bsoncore.AppendDocumentElementStart(c, "1")
		c = bsoncore.AppendDocumentElement(c, "$literal", bsoncore.Document(im.base))
		c, _ = bsoncore.AppendDocumentEnd(c, lit)
		c, _ = bsoncore.AppendArrayEnd(c, eq)
		b, _ = bsoncore.AppendDocumentEnd(c, expr)
	}
	b, _ = bsoncore.AppendDocumentEnd(b, at)
	return b
}

func byIDs(ims []*image) bson.Raw {
	at, b := bsoncore.AppendDocumentStart(make([]byte, 0, 48*(len(ims)+1)))
	id, b := bsoncore.AppendDocumentElementStart(b, "_id")
	in, b := bsoncore.AppendArrayElementStart(b, "$in")
	for i, im := range ims {
		b = bsoncore.AppendStringElement(b, strconv.Itoa(i), im.id)
	}
	b, _ = bsoncore.AppendArrayEnd(b, in)
	b, _ = bsoncore.AppendDocumentEnd(b, id)
	b, _ = bsoncore.AppendDocumentEnd(b, at)
	return b
}
