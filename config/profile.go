package config

import (
	"strings"

	"github.com/hutch-dev/hutch"
)

// Profile is a document of each account, with the account's id.
type Profile struct {
	Collection string            // "": none
	Fields     map[string]string // of the document: keys of user_metadata
}

func (p *Profile) keys() []key {
	return []key{
		required(text("collection", "Where the documents are; schema and unique indexes hold for them, rules do not.", &p.Collection, anyText)),
		copies("fields", "Fields of the document, each with the key of user_metadata that it copies.", &p.Fields),
	}
}

func copies(name, about string, dst *map[string]string) key {
	sch := schema{"type": "object", "additionalProperties": schema{"type": "string"}}
	return key{name: name, about: about, kind: "fields with keys", schema: sch, read: func(w *walker, path string, n *node) {
		w.names(path, n, badProfileField, func(field string, _ hutch.Pos, path string, v *node) {
			from, ok := w.text(path, v, func(s string) string {
				if s == "" {
					return "is empty"
				}
				return ""
			})
			if !ok {
				return
			}
			if *dst == nil {
				*dst = map[string]string{}
			}
			(*dst)[field] = from
		})
	}}
}

func badProfileField(s string) string {
	if strings.Contains(s, ".") {
		return "is a path; a field of the document itself is needed"
	}
	return badPathName(s)
}
