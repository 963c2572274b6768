package server

import (
	"encoding/json"
	"reflect"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// written is the schema of a type of another room that writes itself.
func (s *schemas) written(t reflect.Type) (schema, bool) {
	if t != reflect.TypeFor[auth.Session]() {
		return nil, false
	}
	type session auth.Session
	whole := s.object(reflect.TypeFor[session]())
	return schema{"description": "A session; where none began, the user alone.", "anyOf": []any{whole, s.of(auth.User{})}}, true
}

// answers are a row's by status, where it has more than one good one.
type answers map[int]any

// What is on the wire and no Go type of ours.
type (
	document   struct{} // as AppendJSON writes one
	fieldsIn   struct{} // of a create or a set
	changesIn  struct{} // of an update
	whereIn    struct{}
	anything   struct{} // any JSON
	nothing    struct{} // {}
	page       struct{} // HTML
	badLink    struct{} // a page that says so, to clients a failure
	metricText struct{} // of Prometheus
	redirect   struct{} // Location, and no body
	nothingIn  struct{} // {}, or no body
	verified   struct{} // a session, or {} where another mail is waited for
	openAPIDoc struct{}
)

var plainObject = schema{"type": "object"}

func (document) schema(*schemas) schema {
	when := schema{
		"type": "object", "required": []string{"$date"}, "additionalProperties": false,
		"properties": schema{"$date": schema{"type": "string", "format": "date-time"}},
	}
	return schema{
		"description": "A document as its reader may see it. Types that JSON lacks are wrapped: {\"$date\"}, {\"$numberDecimal\"}, {\"$binary\"}.",
		"type":        "object", "required": []string{"_id"}, "additionalProperties": true,
		"properties": schema{
			"_id": schema{"type": "string", "minLength": 1, "maxLength": 128}, "_version": schema{"type": "integer", "minimum": 1},
			"_createdAt": when, "_updatedAt": when,
		},
	}
}

func (fieldsIn) schema(*schemas) schema {
	return schema{"description": "The fields of a document; depth 32, at most 1 MiB.", "type": "object"}
}

func (changesIn) schema(*schemas) schema {
	return schema{"description": "Fields to set, and operators such as $set, $unset, $inc, $push, $pull.", "type": "object", "minProperties": 1}
}

func (whereIn) schema(*schemas) schema {
	return schema{"description": "A filter: fields and operators such as $eq, $in, $gt, $and, $or, $not.", "type": "object"}
}

func (anything) schema(*schemas) schema { return schema{"description": "Any JSON."} }

func (nothing) schema(*schemas) schema {
	return schema{"type": "object", "maxProperties": 0, "description": "Nothing to say."}
}

func (nothingIn) schema(*schemas) schema { return plainObject }

func (verified) schema(s *schemas) schema {
	return schema{"description": "A session; {} where the other mail of a change is waited for.", "anyOf": []any{s.of(auth.Session{}), s.of(nothing{})}}
}

func (openAPIDoc) schema(*schemas) schema {
	return schema{"type": "object", "required": []string{"openapi", "info", "paths"}, "description": "A document of OpenAPI 3.1."}
}

// queryIn is the body of POST /data/v1/query.
type queryIn struct {
	From    string   `json:"from"`
	Where   whereIn  `json:"where,omitzero"`
	OrderBy orderIn  `json:"orderBy,omitzero"`
	Limit   limitIn  `json:"limit,omitzero"`
	After   string   `json:"after,omitempty" doc:"next of the page before"`
	Select  []string `json:"select,omitempty" doc:"_id and _version always come"`
	Count   bool     `json:"count,omitempty"`
}

type (
	orderIn struct{}
	limitIn struct{}
)

func (orderIn) schema(*schemas) schema {
	name := schema{"type": "string", "minLength": 1}
	pair := schema{
		"type": "array", "minItems": 2, "maxItems": 2,
		"prefixItems": []any{name, schema{"enum": []string{"asc", "desc"}}},
	}
	return schema{"type": "array", "items": schema{"anyOf": []any{name, pair}}}
}

func (limitIn) schema(*schemas) schema {
	return schema{"type": "integer", "minimum": 1, "maximum": 1000, "default": 20}
}

// docsPage answers both queries.
type docsPage struct {
	Docs    []document `json:"docs"`
	Next    *string    `json:"next" doc:"the cursor of the next page; null at the end"`
	Count   int64      `json:"count,omitempty"`
	Partial bool       `json:"partial,omitempty" doc:"a rule's scan ended before its documents did"`
	Explain *struct {
		Index     string `json:"index"`
		Unindexed bool   `json:"unindexed"`
		Examined  int64  `json:"examined"`
		Bytes     int64  `json:"bytes"`
	} `json:"explain,omitempty" doc:"in dev, to this machine"`
}

type commitIn struct {
	Writes []writeIn `json:"writes"`
	Docs   bool      `json:"docs,omitempty" doc:"answer the documents, too"`
}

type writeIn struct {
	Op        string   `json:"op" enum:"create,set,update,delete"`
	In        string   `json:"in" doc:"the collection"`
	ID        string   `json:"id,omitempty"`
	Data      fieldsIn `json:"data,omitzero"`
	IfVersion int64    `json:"ifVersion,omitempty"`
	IfExists  bool     `json:"ifExists,omitempty"`
	IfMissing bool     `json:"ifMissing,omitempty"`
	If        whereIn  `json:"if,omitzero"`
	Else      fieldsIn `json:"else,omitzero"`
}

type committed struct {
	Position string `json:"position" doc:"16 hex digits, the v of live queries"`
	Results  []struct {
		ID      string   `json:"_id"`
		Version int64    `json:"_version,omitempty"`
		Doc     document `json:"doc,omitzero"`
	} `json:"results"`
}

type statusOut struct {
	Status string `json:"status" enum:"ok"`
}

// readyOut has more for who asks with ?verbose and an ops key.
type readyOut struct {
	statusOut
	Version string                     `json:"version,omitempty"`
	Details map[string]json.RawMessage `json:"details,omitempty"`
}

// failure is the body of every answer of 400 and above.
type failure struct{}

func (failure) schema(*schemas) schema {
	names, about := []string{}, ""
	for _, c := range hutch.Codes() {
		names = append(names, string(c.Code))
		about += "\n- `" + string(c.Code) + "`: " + c.About
	}
	text := schema{"type": "string"}
	return schema{
		"type": "object", "required": []string{"code", "message", "requestId"},
		"properties": schema{
			"code":      schema{"type": "string", "enum": names, "description": "What kind of failure it is:\n" + about},
			"reason":    schema{"type": "string", "description": "with failed_precondition: which condition does not hold"},
			"message":   text,
			"hint":      text,
			"field":     schema{"type": "string", "description": "the place in the request, e.g. writes[3].data.price"},
			"details":   schema{},
			"requestId": text,

			"error_code":    schema{"type": "string", "enum": names, "description": "in /auth, always: code once more, where a part of GoTrue's clients looks"},
			"weak_password": schema{"description": "details of weak_password, where GoTrue's clients look"},
		},
	}
}
