package data

import (
	"encoding/json"
	"slices"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

const (
	maxElseMessage = 200     // characters
	maxElseDetails = 1 << 10 // bytes of JSON
)

// mutationKeys are the keys of a commit's write, of which guardKeys guard it.
var (
	mutationKeys = []string{"op", "in", "id", "data", "ifVersion", "ifExists", "ifMissing", "if", "else"}
	guardKeys    = mutationKeys[4:]
)

// ParseMutation reads one write of POST /data/v1/commit:
// {"op","in","id","data","ifVersion","ifExists","ifMissing","if","else"}.
func ParseMutation(d Doc) (Mutation, error) {
	var m Mutation
	if err := onlyKeys(d, mutationKeys); err != nil {
		return m, err
	}
	op, err := stringField(d, "op", true)
	if err != nil {
		return m, err
	}
	m.Op = Op(op)
	if !slices.Contains([]Op{OpCreate, OpSet, OpUpdate, OpDelete}, m.Op) {
		return m, badField("op", "op is create, set, update or delete")
	}
	if m.In, err = stringField(d, "in", true); err != nil {
		return m, err
	}
	if m.ID, err = stringField(d, "id", m.Op != OpCreate); err != nil {
		return m, err
	}
	switch v := Field(d, "data"); {
	case v.Type == bson.TypeEmbeddedDocument && m.Op != OpDelete:
		m.Data = v.Document()
	case !v.IsZero():
		return m, badField("data", "data is an object, and absent from a delete")
	case m.Op != OpDelete:
		return m, badField("data", "data is missing")
	}
	m.Precondition, err = parsePrecondition(d)
	return m, err
}

// ParsePrecondition reads {"ifVersion","ifExists","ifMissing","if","else"}.
func ParsePrecondition(d Doc) (Precondition, error) {
	if err := onlyKeys(d, guardKeys); err != nil {
		return Precondition{}, err
	}
	return parsePrecondition(d)
}

func parsePrecondition(d Doc) (p Precondition, err error) {
	if v := Field(d, "ifVersion"); !v.IsZero() {
		n, ok := v.AsInt64OK()
		if !ok || v.Type == bson.TypeDouble || n < 1 {
			return p, badField("ifVersion", "ifVersion is a _version, a whole number from 1 on")
		}
		p.IfVersion = n
	}
	if p.IfExists, err = trueField(d, "ifExists"); err != nil {
		return p, err
	}
	if p.IfMissing, err = trueField(d, "ifMissing"); err != nil {
		return p, err
	}
	if p.IfExists && p.IfMissing {
		return p, badField("ifMissing", "ifExists and ifMissing exclude each other")
	}
	if v := Field(d, "if"); !v.IsZero() {
		if v.Type != bson.TypeEmbeddedDocument {
			return p, badField("if", "if is a filter like where")
		}
		w, werr := ParseWhere(v.Document(), true)
		if werr != nil {
			return p, hutch.AsError(werr).At("if")
		}
		p.If = &w
	}
	if v := Field(d, "else"); !v.IsZero() {
		if v.Type != bson.TypeEmbeddedDocument || p.If == nil {
			return p, badField("else", "else is an object that goes with if")
		}
		if p.Else, err = parseElse(v.Document()); err != nil {
			return p, hutch.AsError(err).At("else")
		}
	}
	return p, nil
}

// parseElse reads the answer of a failed if: {"code","message","details"}.
func parseElse(d Doc) (*hutch.Error, error) {
	if err := onlyKeys(d, []string{"code", "message", "details"}); err != nil {
		return nil, err
	}
	code, err := stringField(d, "code", true)
	if err != nil {
		return nil, err
	}
	known := slices.ContainsFunc(hutch.Codes(), func(c hutch.CodeInfo) bool {
		return c.Code == hutch.Code(code) && !c.Auth && c.Status < 500
	})
	if !known {
		return nil, badField("code", "code is one of the error codes below 500")
	}
	message, err := stringField(d, "message", true)
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(message) > maxElseMessage {
		return nil, badField("message", "message has at most 200 characters")
	}
	e := &hutch.Error{Code: hutch.Code(code), Reason: hutch.ReasonGuard, Message: message}
	if v := Field(d, "details"); !v.IsZero() {
		if v.Type != bson.TypeEmbeddedDocument {
			return nil, badField("details", "details is an object")
		}
		js, err := AppendJSON(nil, v.Document())
		if err != nil {
			return nil, err
		}
		if len(js) > maxElseDetails {
			return nil, badField("details", "details are at most 1 KiB")
		}
		e.Details = json.RawMessage(js)
	}
	return e, nil
}

func onlyKeys(d Doc, keys []string) error {
	es, err := d.Elements()
	if err != nil {
		return hutch.Errorf(hutch.InvalidArgument, "malformed object: %w", err)
	}
	for _, e := range es {
		if !slices.Contains(keys, e.Key()) {
			return badField(e.Key(), "unknown key")
		}
	}
	return nil
}

func stringField(d Doc, key string, required bool) (string, error) {
	v := Field(d, key)
	if v.IsZero() {
		if required {
			return "", badField(key, key+" is missing")
		}
		return "", nil
	}
	s, ok := v.StringValueOK()
	if !ok {
		return "", badField(key, key+" is a string")
	}
	return s, nil
}

func trueField(d Doc, key string) (bool, error) {
	v := Field(d, key)
	if v.IsZero() {
		return false, nil
	}
	if b, ok := v.BooleanOK(); !ok || !b {
		return false, badField(key, key+" is true or absent")
	}
	return true, nil
}

func badField(field, message string) *hutch.Error {
	return &hutch.Error{Code: hutch.InvalidArgument, Field: field, Message: message}
}
