package data

import (
	"encoding/binary"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// fewNames is how many names of an object are compared one by one before a map
// looks for duplicates.
const fewNames = 16

// decoder turns JSON into BSON while it reads: each value is appended behind its
// type byte and name, which is patched.
type decoder struct {
	s     []byte
	p     int
	max   int
	names []span // of the objects being read, in the output
	buf   [2 * fewNames]span
}

type span struct{ from, to uint32 }

func (d *decoder) fail(format string, args ...any) *hutch.Error {
	e := invalid("", format, args...)
	e.Message += " (at byte " + strconv.Itoa(d.p) + ")"
	return e
}

func (d *decoder) space() {
	for d.p < len(d.s) {
		switch d.s[d.p] {
		case ' ', '\n', '\t', '\r':
			d.p++
		default:
			return
		}
	}
}

func (d *decoder) peek() byte {
	if d.p < len(d.s) {
		return d.s[d.p]
	}
	return 0
}

// end refuses anything behind the value.
func (d *decoder) end() error {
	if d.space(); d.p != len(d.s) {
		return d.fail("there is more behind the JSON value")
	}
	return nil
}

// expect passes c, which white space may precede.
func (d *decoder) expect(c byte) *hutch.Error {
	d.space()
	if d.peek() != c {
		return d.fail("malformed JSON: expected %q", string(c))
	}
	d.p++
	return nil
}

// value appends the value at the cursor and its type at dst[typeAt]; depth is
// that of an object or array found here.
func (d *decoder) value(dst []byte, typeAt, depth int) ([]byte, *hutch.Error) {
	d.space()
	switch c := d.peek(); c {
	case '"':
		dst[typeAt] = byte(bson.TypeString)
		start := len(dst)
		dst, err := d.str(append(dst, 0, 0, 0, 0))
		if err != nil {
			return dst, err
		}
		dst = append(dst, 0)
		binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
		return dst, nil
	case '{':
		dst, t, err := d.object(dst, depth)
		if err == nil {
			dst[typeAt] = byte(t)
		}
		return dst, err
	case '[':
		dst[typeAt] = byte(bson.TypeArray)
		return d.array(dst, depth)
	case 't':
		if d.word("true") {
			dst[typeAt] = byte(bson.TypeBoolean)
			return append(dst, 1), nil
		}
	case 'f':
		if d.word("false") {
			dst[typeAt] = byte(bson.TypeBoolean)
			return append(dst, 0), nil
		}
	case 'n':
		if d.word("null") {
			dst[typeAt] = byte(bson.TypeNull)
			return dst, nil
		}
	default:
		if c == '-' || c >= '0' && c <= '9' {
			return d.number(dst, typeAt)
		}
	}
	return dst, d.fail("malformed JSON: expected a value")
}

func (d *decoder) word(w string) bool {
	if len(d.s)-d.p < len(w) || string(d.s[d.p:d.p+len(w)]) != w {
		return false
	}
	d.p += len(w)
	return true
}

// object appends the object at the cursor, or the value that it wraps as
// Extended JSON, and gives the type.
func (d *decoder) object(dst []byte, depth int) ([]byte, bson.Type, *hutch.Error) {
	if depth > d.max+1 { // one more: it may be a wrapped value
		return dst, 0, d.fail("nested deeper than %d", d.max)
	}
	d.p++
	start, base := len(dst), len(d.names)
	var many map[string]struct{}
	dst = startDoc(dst)
	if d.space(); d.peek() == '}' {
		d.p++
		return d.close(dst, start, depth)
	}
	for {
		typeAt := len(dst)
		d.space()
		dst2, err := d.str(append(dst, 0))
		if err != nil {
			return dst, 0, err
		}
		dst = dst2
		name := dst[typeAt+1:]
		if len(name) == 0 {
			return dst, 0, d.fail("a field name is empty")
		}
		if err := d.expect(':'); err != nil {
			return dst, 0, under(err, string(name))
		}
		if name[0] == '$' {
			if form, t := formOf(name); t != 0 {
				if len(d.names) > base {
					return dst, 0, d.fail("%s stands alone in its object", form).At(form)
				}
				dst, err := d.unwrap(dst[:start], t)
				if err == nil {
					err = d.expect('}')
				}
				if err != nil {
					return dst, 0, err.At(form)
				}
				return dst, t, nil
			}
		}
		if !d.fresh(dst, base, &many, name) {
			return dst, 0, under(d.fail("the field occurs twice"), string(name))
		}
		d.names = append(d.names, span{uint32(typeAt + 1), uint32(len(dst))})
		nameTo := len(dst)
		if dst, err = d.value(append(dst, 0), typeAt, depth+1); err != nil {
			return dst, 0, under(err, string(dst[typeAt+1:nameTo]))
		}
		d.space()
		switch d.peek() {
		case ',':
			d.p++
			continue
		case '}':
			d.p++
			d.names = d.names[:base]
			return d.close(dst, start, depth)
		}
		return dst, 0, d.fail("malformed JSON: expected , or }")
	}
}

func (d *decoder) close(dst []byte, start, depth int) ([]byte, bson.Type, *hutch.Error) {
	if depth > d.max {
		return dst, 0, d.fail("nested deeper than %d", d.max)
	}
	return endDoc(dst, start), bson.TypeEmbeddedDocument, nil
}

// fresh reports whether no name of this object equals name so far.
func (d *decoder) fresh(dst []byte, base int, many *map[string]struct{}, name []byte) bool {
	names := d.names[base:]
	if len(names) < fewNames {
		for _, s := range names {
			if int(s.to-s.from) == len(name) && string(dst[s.from:s.to]) == string(name) {
				return false
			}
		}
		return true
	}
	if *many == nil {
		*many = make(map[string]struct{}, 2*fewNames)
		for _, s := range names {
			(*many)[string(dst[s.from:s.to])] = struct{}{}
		}
	}
	if _, ok := (*many)[string(name)]; ok {
		return false
	}
	(*many)[string(name)] = struct{}{}
	return true
}

func (d *decoder) array(dst []byte, depth int) ([]byte, *hutch.Error) {
	if depth > d.max {
		return dst, d.fail("nested deeper than %d", d.max)
	}
	d.p++
	start := len(dst)
	dst = startDoc(dst)
	if d.space(); d.peek() == ']' {
		d.p++
		return endDoc(dst, start), nil
	}
	for i := 0; ; i++ {
		typeAt := len(dst)
		dst = append(strconv.AppendInt(append(dst, 0), int64(i), 10), 0)
		var err *hutch.Error
		if dst, err = d.value(dst, typeAt, depth+1); err != nil {
			return dst, err.At("[" + strconv.Itoa(i) + "]")
		}
		d.space()
		switch d.peek() {
		case ',':
			d.p++
			continue
		case ']':
			d.p++
			return endDoc(dst, start), nil
		}
		return dst, d.fail("malformed JSON: expected , or ]")
	}
}
