package auth

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Profile keeps a document of the app for each account, with the account's id.
// Options.System has its collection.
type Profile struct {
	Collection string
	Fields     map[string]string // of the document: keys of user_metadata
	Documents  Documents
}

// Documents is what the documents' side does for profiles: *data.Service.
type Documents interface {
	// Patch is the write that sets fields of a document; false: the app has no
	// such collection.
	Patch(coll, id string, fields ...data.Elem) (data.Write, bool)
	// IndexedFields names the fields of an index.
	IndexedFields(coll, index string) []string
}

// maxMetaDepth bounds the values that are copied; user_metadata is 4 KiB.
const maxMetaDepth = 40

// profiled reports whether a user's image is one of an account that has a profile:
// it can sign in, and as somebody.
func profiled(d data.Doc) bool {
	nobody, _ := data.Field(d, "anonymous").BooleanOK()
	return usable(d) && !nobody
}

// profiles gives the writes of profiles that go with changes of accounts: part of
// a commit's Derive, so that no way to an account leaves them out. refused is the
// code of what the schema does not take.
func (s *Service) profiles(cs []data.Change, refused hutch.Code) (ws []data.Write, err error) {
	p := s.o.Profile
	if p == nil {
		return nil, nil
	}
	for i := range cs {
		c := &cs[i]
		if c.Collection != colUsers {
			continue
		}
		if c.After == nil {
			if usable(c.Before) { // of an anonymous user the app may have made one
				ws = append(ws, remove(p.Collection, c.ID))
			}
			continue
		}
		meta := text(c.After, "userMetadata")
		same := c.Before != nil && p.alike(text(c.Before, "userMetadata"), meta)
		switch {
		case profiled(c.After) && !(same && profiled(c.Before)):
			w, ok, err := p.write(c.ID, meta, refused)
			if err != nil {
				return nil, err
			}
			if ok {
				ws = append(ws, w)
			}
		case !usable(c.After) && !same: // it is told now what the profile would not take then
			if err := p.check(c.ID, meta, refused); err != nil {
				return nil, err
			}
		}
	}
	return ws, nil
}

// alike reports whether two user_metadata give the same profile.
func (p *Profile) alike(a, b string) bool {
	if a == b {
		return true
	}
	var x, y map[string]json.RawMessage
	if json.Unmarshal([]byte(orEmpty(a)), &x) != nil || json.Unmarshal([]byte(orEmpty(b)), &y) != nil {
		return false
	}
	for _, key := range p.Fields {
		if string(x[key]) != string(y[key]) {
			return false
		}
	}
	return true
}

// write sets the fields of a profile from user_metadata; false: the app has no
// such collection.
func (p *Profile) write(id, meta string, refused hutch.Code) (data.Write, bool, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(orEmpty(meta)), &m); err != nil {
		return data.Write{}, false, hutch.Errorf(hutch.Internal, "reading a user's metadata: %w", err)
	}
	fields := make([]data.Elem, 0, len(p.Fields))
	for _, name := range slices.Sorted(maps.Keys(p.Fields)) {
		f := data.Elem{Name: name}
		if js := m[p.Fields[name]]; js != nil {
			var err error
			if f.Value, err = data.ParseValueJSON(js, maxMetaDepth); err != nil {
				return data.Write{}, false, p.refusal(hutch.AsError(err).At(name), refused)
			}
		}
		fields = append(fields, f)
	}
	w, ok := p.Documents.Patch(p.Collection, id, fields...)
	if !ok {
		return w, false, nil
	}
	next := w.Next
	w.Next = func(old data.Doc) (data.Doc, error) {
		d, err := next(old)
		if err != nil {
			return nil, p.refusal(err, refused)
		}
		return d, nil
	}
	return w, true, nil
}

// check tells what a new profile would be refused for.
func (p *Profile) check(id, meta string, refused hutch.Code) error {
	w, ok, err := p.write(id, meta, refused)
	if err != nil || !ok {
		return err
	}
	_, err = w.Next(nil)
	return err
}

// checkProfile tells what the profile of an account to be would be refused for,
// where an answer has to be the same whether the account is made or not.
func (s *Service) checkProfile(u *userDoc) error {
	if s.o.Profile == nil || u.Anonymous {
		return nil
	}
	return s.o.Profile.check(u.ID, u.Meta, hutch.ValidationFailed)
}

// refusal is what the documents' side says of a profile, said of user_metadata.
func (p *Profile) refusal(err error, code hutch.Code) error {
	e := hutch.AsError(err)
	if e.Code != hutch.InvalidArgument {
		return err
	}
	name, rest := e.Field, ""
	if i := strings.IndexAny(name, ".["); i >= 0 {
		name, rest = name[:i], name[i:]
	}
	if key, ok := p.Fields[name]; ok {
		return &hutch.Error{Code: code, Field: "data." + key + rest, Message: e.Message}
	}
	about := "the profile"
	if e.Field != "" {
		about += "'s " + e.Field
	}
	return &hutch.Error{Code: code, Field: "data", Message: about + " " + e.Message}
}

// takenProfile makes of a unique index that a profile violates an error of
// user_metadata: to try again would not help.
func (s *Service) takenProfile(err error) error {
	p := s.o.Profile
	if p == nil || hutch.CodeOf(err) != hutch.AlreadyExists {
		return err
	}
	c, ok := errors.AsType[*data.Conflict](err)
	if !ok || c.Collection != p.Collection || c.Index == "" {
		return err
	}
	field := "data"
	for _, name := range p.Documents.IndexedFields(c.Collection, c.Index) {
		if key, ok := p.Fields[name]; ok {
			field = "data." + key
			break
		}
	}
	return &hutch.Error{Code: hutch.ValidationFailed, Field: field, Message: "another account has this"}
}
