package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// bind reads the body of a route of /admin: a JSON object whose keys are those of
// into, a pointer to a struct. An absent body is an empty object.
func (r *request) bind(into any) error {
	b := bytes.TrimSpace(r.raw())
	if len(b) == 0 {
		return nil
	}
	// The data's reader sees what encoding/json lets pass: keys that stand twice,
	// text that is no UTF-8, depth.
	if _, err := data.ParseJSON(b, jsonDepth); err != nil {
		return err
	}
	return strictly(b, into)
}

// strictly decodes one JSON value whose keys are those of into.
func strictly(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			return &hutch.Error{Code: hutch.InvalidArgument, Message: "the body is one JSON object"}
		}
		return nil
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: e.Field, Message: "the value has another type", Err: err}
	}
	if _, name, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: strings.Trim(name, `"`), Message: "unknown key"}
	}
	return &hutch.Error{Code: hutch.InvalidArgument, Message: "the body is one JSON object", Err: err}
}
