package data

import (
	"bytes"
	"strings"
)

// Patch is a room's write of some fields of an app's document, for a System that
// has the collection, or Tx.Join: it makes the document where there is none, sets fields and
// takes out those with a zero Value. Shape and schema are asked as for any write,
// rules, presets, defaults and hooks are not. Next answers invalid_argument with
// the field. ok is false where the app has no such collection.
func (s *Service) Patch(coll, id string, fields ...Elem) (w Write, ok bool) {
	c := s.app.Load().colls[coll]
	if c == nil {
		return Write{}, false
	}
	return Write{Collection: coll, ID: id, Expect: AnyVersion, patch: true, Next: func(old Doc) (Doc, error) {
		next := withID(id, With(old, fields...))
		if old != nil && bytes.Equal(next, withID(id, old)) {
			return next, nil // whatever schema it was written under
		}
		if err := checkShape(next, &s.limits); err != nil {
			return nil, err
		}
		if c.Schema != nil {
			if err := c.Schema.Validate(next); err != nil {
				return nil, err
			}
		}
		return next, nil
	}}, true
}

// IndexedFields names the fields of an app's collection that an index orders, as
// a Conflict names it: the first segments of its paths.
func (s *Service) IndexedFields(coll, index string) (names []string) {
	c := s.app.Load().colls[coll]
	if c == nil {
		return nil
	}
	for i := range c.Indexes {
		if c.Indexes[i].Name != index {
			continue
		}
		for _, o := range c.Indexes[i].Fields {
			name, _, _ := strings.Cut(o.Path, ".")
			names = append(names, name)
		}
	}
	return names
}
